"""How long calls that wait for each other wait on: a decision about numbers, which knows no thread."""

from __future__ import annotations

from dataclasses import dataclass

from minerva.layers.abstraction.serving.cost import Cost


@dataclass(frozen=True)
class Gathering:
    """The calls that wait to be joined, at one moment. Times are seconds of one clock."""

    calls: int
    rows: int
    oldest_at: float
    newest_at: float
    until: float
    """The soonest of their deadlines."""
    running: int
    """Calls that the model is answering meanwhile."""


@dataclass(frozen=True)
class Joins:
    """How a service joins calls."""

    max_batch: int
    """Rows."""
    max_wait_s: float
    one_at_a_time: bool = False
    """Whether the model answers only one call at a time anyhow."""

    def pause_s(self, waiting: Gathering, cost: Cost | None, now: float) -> float:
        """Return for how long to wait on unless something happens; 0 or less: ask the model now."""
        if waiting.running and self.one_at_a_time:
            return waiting.until - now
        if waiting.rows >= self.max_batch:
            return 0.0
        expected_s = 0.0 if cost is None else cost.of(waiting.rows)
        due = min(waiting.oldest_at + self.max_wait_s, waiting.until - expected_s)
        if waiting.running:
            return due - now if _gains(waiting, cost) else 0.0
        if waiting.calls == 1 or cost is None:
            return 0.0
        # One more call saves the fixed cost of a call of its own. So it is waited for while calls
        # come closer to each other than that, and never longer than that for one that does not come.
        apart_s = (waiting.newest_at - waiting.oldest_at) / (waiting.calls - 1)
        if apart_s >= cost.fixed_s:
            return 0.0
        return min(due, waiting.newest_at + cost.fixed_s) - now


def _gains(waiting: Gathering, cost: Cost | None) -> bool:
    """Tell whether joining saves as much as a call's rows cost. Where nobody knows yet, it is tried."""
    return cost is None or cost.fixed_s >= cost.row_s * waiting.rows / waiting.calls
