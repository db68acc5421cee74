"""Trials: trainings that only measure what parameters are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from minerva.layers.abstraction.problems.metric import is_better

BASELINE = 0
"""The number of the trial that measures the present parameters."""


class TrialState(StrEnum):
    """Where a trial is. `pruned`: ended early, because it was worse than most at the same step."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewTrial:
    """A trial that is about to begin. Its number counts within the study, from 0."""

    tenant: str
    study: str
    """The id of the tuning's job."""
    number: int
    job_id: str
    """The part of the tuning that runs it."""
    parameters: dict[str, Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a trial."""

    state: TrialState
    value: float | None = None
    """The metric that trials are compared by; of complete ones only."""
    metrics: dict[str, float] | None = None
    steps: dict[str, float] | None = None
    """Step → loss, as the algorithm reported them."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trial(NewTrial):
    """A trial's row."""

    state: TrialState
    tries: int
    """How many times it was begun: its process may have been killed."""
    value: float | None
    metrics: dict[str, float] | None
    steps: dict[str, float] | None
    error: str | None
    finished_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "number": self.number,
            "state": self.state.value,
            "parameters": self.parameters,
            "value": self.value,
            "metrics": self.metrics,
            "steps": len(self.steps or {}),
            "tries": self.tries,
            "error": self.error,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at and self.finished_at.isoformat(),
        }


def best_of(trials: Sequence[Trial], metric: str) -> Trial | None:
    """Return the best complete trial, the earliest of equals; the baseline counts too."""
    best: Trial | None = None
    for trial in sorted(trials, key=lambda one: one.number):
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            continue
        if best is None or best.value is None or is_better(metric, trial.value, best.value):
            best = trial
    return best


def counts(trials: Sequence[Trial]) -> Mapping[str, int]:
    """Return state → how many trials are in it, the baseline aside."""
    states = [trial.state for trial in trials if trial.number != BASELINE]
    return {state.value: states.count(state) for state in TrialState}
