"""What became of each step of a run: for people who look, and for the log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StepTrace:
    """One step of one run."""

    step: str
    does: str
    """Role and kind."""
    where: str
    began_ms: float
    """After the run began."""
    ms: float = 0.0
    rows: int = 0
    """Items that it was given."""
    made: int = 0
    """Rows that it made."""
    failed: int = 0
    left_out: int = 0
    cached: int = 0
    batches: int = 0
    tries: int = 0
    defaulted: bool = False
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        times = {"began_ms": round(self.began_ms, 3), "ms": round(self.ms, 3)}
        return {**vars(self), **times}


@dataclass
class Trace:
    """All steps of a run, in the order in which they began."""

    began: float = field(default_factory=time.perf_counter)
    steps: list[StepTrace] = field(default_factory=list)

    def begin(self, step: str, does: str, where: str) -> StepTrace:
        """Begin a step; appending is atomic."""
        entry = StepTrace(step, does, where, (time.perf_counter() - self.began) * 1_000)
        self.steps.append(entry)
        return entry

    def end(self, entry: StepTrace) -> None:
        """End a step."""
        entry.ms = (time.perf_counter() - self.began) * 1_000 - entry.began_ms

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain values."""
        return [entry.to_json() for entry in self.steps]
