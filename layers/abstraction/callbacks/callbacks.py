"""Calling plugins' hooks: ordered, each within its time, none able to harm another or its caller."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from minerva.errors import Fault
from minerva.events import PredictCall, PredictOutcome
from minerva.layers.abstraction.callbacks.calling import (
    BURST_S,
    Answered,
    Burst,
    copies,
    enrichment,
    telling,
)
from minerva.layers.abstraction.callbacks.delivery import Delivery
from minerva.layers.abstraction.callbacks.health import Health, problem
from minerva.layers.abstraction.callbacks.lanes import Lanes
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.plugin import Hook

log = structlog.get_logger()

BEFORE_PREDICT = "minerva_before_predict"
AFTER_PREDICT = "minerva_after_predict"
MOST_EVENTS = 1000
MOST_ROWS = 50_000
"""Records that may wait for `minerva_after_predict`: they are in memory until then."""
GATHER_S = 0.25
CLOSE_WITHIN_S = 5.0


@dataclass(frozen=True)
class Budgets:
    """How long one call of a hook may take, in seconds."""

    before_predict: float = 0.05
    after_predict: float = 0.5
    """Nobody waits for it, and a busy machine must not make it look slow."""
    event: float = 5.0


@dataclass(frozen=True)
class _Plan:
    """The hooks of one catalogue that are switched on, in order."""

    catalogue: Catalogue
    hooks: Mapping[str, Sequence[Hook]]


@dataclass(frozen=True)
class _Event:
    hook: str
    facts: dict[str, Any]
    context: contextvars.Context


@dataclass
class Callbacks:
    """Satisfies `Tell`. Follows the catalogue: hooks of a changed plugin are used from its next call on."""

    catalogue: Callable[[], Catalogue]
    budgets: Budgets = field(default_factory=Budgets)
    clock: Callable[[], float] = time.monotonic
    _plan: _Plan = field(default_factory=lambda: _Plan(Catalogue({}), {}))

    def __post_init__(self) -> None:
        """Start nothing: threads begin with the first call that needs them."""
        self._lanes = Lanes()
        self._health = Health(self.clock)
        self._events = Delivery(self._deliver_events, _dropped("events"), MOST_EVENTS)
        self._calls = Delivery(self._deliver_calls, _dropped("calls"), MOST_ROWS, GATHER_S)

    def wants(self, hook: str) -> bool:
        """Tell whether any plugin has this hook; costs next to nothing."""
        return hook in self._current().hooks

    def __call__(self, hook: str, /, **facts: Any) -> None:
        """Tell plugins in the background; `minerva_after_predict` takes `call` and `outcome`."""
        if hook not in self._current().hooks:
            return
        if hook == AFTER_PREDICT:
            self.answered(facts["call"], facts["outcome"])
        else:
            self._events.put(_Event(hook, facts, contextvars.copy_context()))

    def answered(self, call: PredictCall, outcome: PredictOutcome) -> None:
        """Tell plugins of an answered call, in the background. Ask `wants` first."""
        self._calls.put((call, outcome), 1 + len(call.records))

    def enrich(self, call: PredictCall) -> Sequence[Any]:
        """Return the call's records as `minerva_before_predict` completes them; never raises."""
        records = call.records
        for hook in self._current().hooks.get(BEFORE_PREDICT, ()):
            given = msgspec.structs.replace(call, records=copies(records))
            returned = self._attempt(hook, self.budgets.before_predict, enrichment(hook, given))
            records = records if returned is None else returned
        return records

    def problems(self) -> list[Fault]:
        """Return the hooks that are switched off in this process."""
        hooks = [hook for listed in self.catalogue().hooks().values() for hook in listed]
        return [problem(hook) for hook in hooks if self._health.off(hook)]

    def flush(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Wait until everything told so far was delivered; return whether it was."""
        until = time.monotonic() + timeout_s
        events = self._events.flush(timeout_s)
        return self._calls.flush(max(0.0, until - time.monotonic())) and events

    def close(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Deliver what waits, then end the threads: for the end of a process."""
        until = time.monotonic() + timeout_s
        calls = self._calls.close(timeout_s)
        events = self._events.close(max(0.0, until - time.monotonic()))
        self._lanes.close()
        return calls and events

    def _current(self) -> _Plan:
        plan = self._plan
        catalogue = self.catalogue()
        if plan.catalogue is not catalogue:
            plan = self._plan = self._make_plan(catalogue)
        return plan

    def _make_plan(self, catalogue: Catalogue) -> _Plan:
        hooks = {
            name: on
            for name, listed in catalogue.hooks().items()
            if (on := [hook for hook in listed if not self._health.off(hook)])
        }
        return _Plan(catalogue, hooks)

    def _attempt(self, hook: Hook, budget_s: float, work: Callable[[], Any]) -> Any:
        """Return what the work returns, None if it fails or takes too long."""
        try:
            returned = self._lanes.within(budget_s, work)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything and must harm only itself
            self._failed(hook, error)
            return None
        self._health.well(hook)
        return returned

    def _failed(self, hook: Hook, error: Exception) -> None:
        predicts = hook.name in {BEFORE_PREDICT, AFTER_PREDICT}
        if self._health.failed(hook, error, may_switch_off=predicts):
            self._plan = self._make_plan(self._plan.catalogue)

    def _deliver_events(self, events: Sequence[_Event]) -> None:
        for event in events:
            for hook in self._current().hooks.get(event.hook, ()):
                work = telling(hook, event.facts)
                event.context.run(self._attempt, hook, self.budgets.event, work)

    def _deliver_calls(self, calls: Sequence[Answered]) -> None:
        for hook in self._current().hooks.get(AFTER_PREDICT, ()):
            burst = Burst(hook, calls, self.clock)
            while burst.unfinished and not self._health.off(hook):
                self._continue(burst, hook)

    def _continue(self, burst: Burst, hook: Hook) -> None:
        told = burst.told
        error: Exception | None = None
        try:
            self._lanes.within(self.budgets.after_predict + BURST_S, burst.go_on)
        except Exception as raised:  # noqa: BLE001 - as above
            error = raised
        if burst.told > told:
            self._health.well(hook)
        if error is not None:
            self._failed(hook, error)


def _dropped(what: str) -> Callable[[int], None]:
    def tell(count: int) -> None:
        log.warning("hook.dropped", what=what, count=count)

    return tell
