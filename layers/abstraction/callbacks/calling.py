"""How each kind of hook is called, as work for a lane."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minerva.events import PredictCall, PredictOutcome
from minerva.layers.abstraction.plugins.plugin import Hook

Answered = tuple[PredictCall, PredictOutcome]
BURST_S = 0.025
"""Calls are handed to a hook one after the other for so long, then it is looked whether all is well."""


def telling(hook: Hook, facts: Mapping[str, Any]) -> Callable[[], Any]:
    """Return the call of an event's hook with those facts that it names."""
    return lambda: hook.function(**{name: facts[name] for name in hook.accepts})


def enrichment(hook: Hook, call: PredictCall) -> Callable[[], list[Any] | None]:
    """Return the call of `minerva_before_predict`; what it returns is checked."""

    def ask() -> list[Any] | None:
        returned = telling(hook, {"call": call})()
        if returned is None:
            return None
        if not isinstance(returned, Sequence) or isinstance(returned, str | bytes):
            raise TypeError(f"{hook.name} returned {type(returned).__name__}, not records")
        if len(returned) != len(call.records):
            raise ValueError(
                f"{hook.name} returned {len(returned)} for {len(call.records)} records"
            )
        return list(returned)

    return ask


def copies(records: Sequence[Any]) -> list[Any]:
    """Copy records, so that a hook that changes them and then fails leaves them as they were."""
    return [dict(record) if isinstance(record, dict) else record for record in records]


class Burst:
    """Many answered calls for one hook, without changing threads for each."""

    def __init__(self, hook: Hook, calls: Sequence[Answered], clock: Callable[[], float]) -> None:
        self.told = 0
        self._hook = hook
        self._left = deque(calls)
        self._clock = clock

    @property
    def unfinished(self) -> bool:
        """Whether calls are left. Takes them away from a thread that was left to itself."""
        rest: deque[Answered] = deque()
        while self._left:
            try:
                rest.append(self._left.popleft())
            except IndexError:
                break
        self._left = rest
        return bool(rest)

    def go_on(self) -> None:
        """Hand over calls for `BURST_S`; raises what the hook raises, that call counting as told of."""
        left = self._left
        until = self._clock() + BURST_S
        while left and self._clock() < until:
            call, outcome = left.popleft()
            self._hook.function(**self._named(call, outcome))
            self.told += 1

    def _named(self, call: PredictCall, outcome: PredictOutcome) -> dict[str, Any]:
        given = {"call": call, "outcome": outcome}
        return {name: given[name] for name in self._hook.accepts}
