"""How one plugin's hook has been doing: what to log of its failures, and when to switch it off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import structlog

from minerva.errors import Fault
from minerva.layers.abstraction.callbacks.lanes import Overran
from minerva.layers.abstraction.plugins.plugin import Hook

log = structlog.get_logger()

MOST_IN_A_ROW = 5
QUIET_S = 60.0


@dataclass
class Record:
    """What is remembered of one hook of one plugin."""

    in_a_row: int = 0
    off: bool = False
    logged_at: float | None = None
    unlogged: int = 0


@dataclass
class Health:
    """Remembers every hook until its plugin is replaced, and its hooks with it."""

    clock: Callable[[], float]
    _records: WeakKeyDictionary[Hook, Record] = field(default_factory=WeakKeyDictionary)
    _lock: Lock = field(default_factory=Lock)

    def off(self, hook: Hook) -> bool:
        """Tell whether the hook is switched off."""
        with self._lock:
            record = self._records.get(hook)
        return record is not None and record.off

    def well(self, hook: Hook) -> None:
        """Note that a call went well."""
        with self._lock:
            record = self._records.get(hook)
            if record is not None:
                record.in_a_row = 0

    def failed(self, hook: Hook, error: BaseException, *, may_switch_off: bool) -> bool:
        """Note and log that a call did not go well; return whether that switched the hook off."""
        now = self.clock()
        with self._lock:
            record = self._records.setdefault(hook, Record())
            record.in_a_row += 1
            switched = may_switch_off and not record.off and record.in_a_row >= MOST_IN_A_ROW
            record.off = record.off or switched
            quiet = record.logged_at is not None and now - record.logged_at < QUIET_S
            missed = record.unlogged
            record.unlogged = missed + 1 if quiet else 0
            record.logged_at = record.logged_at if quiet else now
        if not quiet:
            _log(hook, error, missed)
        if switched:
            log.error(
                "hook.switched_off", plugin=hook.plugin, hook=hook.name, failures=MOST_IN_A_ROW
            )
        return switched


def problem(hook: Hook) -> Fault:
    """Return how a hook that is switched off is reported."""
    return Fault(
        hook.plugin,
        f"hook {hook.name} is switched off after {MOST_IN_A_ROW} failures in a row; the log says why; "
        "changing the plugin switches it on again",
    )


def _log(hook: Hook, error: BaseException, missed: int) -> None:
    facts = {"plugin": hook.plugin, "hook": hook.name, "not_logged_before": missed}
    if isinstance(error, Overran):
        log.warning("hook.overran", **facts)
    else:
        log.warning("hook.failed", **facts, exc_info=error)
