"""What a tuning concludes from its trials: whether to propose, and whether the gate accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minerva.errors import AlgorithmFailed, Fault
from minerva.layers.abstraction.problems.metric import is_better
from minerva.layers.abstraction.services.declaration import Gate, TuningDeclaration
from minerva.layers.abstraction.training.gate import Verdict, judge
from minerva.layers.abstraction.tuning.trial import (
    BASELINE,
    Trial,
    TrialState,
    best_of,
    counts,
)

TOLD = 20
"""So many reasons are told at most."""


@dataclass(frozen=True)
class SoFar:
    """How far a study is, as whoever waits for it reads it."""

    share: float
    message: str
    seconds_left: float | None


def so_far(trials: Sequence[Trial], planned: int, metric: str, now: datetime) -> SoFar:
    """Look at a study while it runs; `planned` is how many trials there shall be beside the baseline."""
    ended = [one for one in trials if one.state is not TrialState.RUNNING]
    share = min(1.0, len(ended) / (planned + 1))
    found, told = Found(metric, trials), counts(trials)
    best = best_of(trials, metric)
    count = len([one for one in ended if one.number != BASELINE])
    message = f"{count} of {planned} trials, {told['pruned']} pruned"
    if best is not None and best.value is not None:
        message += f", {metric} {best.value:.4g}"
        if found.baseline is not None and found.baseline.value is not None:
            message += f" instead of {found.baseline.value:.4g}"
    if not ended:
        return SoFar(share, message, None)
    spent = (now - min(one.started_at for one in trials)).total_seconds()
    return SoFar(share, message, round(max(0.0, spent * (1 - share) / share), 1))


@dataclass(frozen=True)
class Found:
    """The trials, looked at as a whole."""

    metric: str
    trials: Sequence[Trial]

    @property
    def baseline(self) -> Trial | None:
        """The trial of the present parameters, if it is complete."""
        return next((one for one in self._complete() if one.number == BASELINE), None)

    @property
    def winner(self) -> Trial | None:
        """The best trial, if it is better than the present parameters."""
        best = best_of(self.trials, self.metric)
        return None if best is None or best.number == BASELINE else best

    def demand_one(self) -> None:
        """Raise AlgorithmFailed, with each trial's reason, if none is complete."""
        if self._complete():
            return
        failed = [one for one in self.trials if one.state is TrialState.FAILED]
        faults = [
            Fault("present parameters" if one.number == BASELINE else f"trial {one.number}",
                  one.error or "failed")
            for one in failed[:TOLD]
        ]  # fmt: skip
        raise AlgorithmFailed(
            f"None of the {len(self.trials)} trials could be measured.", faults=faults
        )

    def summary(self) -> dict[str, Any]:
        """Return the evidence that the trials are."""
        baseline, best = self.baseline, best_of(self.trials, self.metric)
        told = counts(self.trials)
        return {
            "metric": self.metric,
            "baseline": None if baseline is None else baseline.value,
            "best": None if best is None else best.value,
            "best_trial": None if best is None else best.number,
            "trials": sum(told.values()),
            **{state: told[state] for state in ("complete", "pruned", "failed")},
        }

    def _complete(self) -> list[Trial]:
        return [one for one in self.trials if one.state is TrialState.COMPLETE]


def decide(
    tuning: TuningDeclaration,
    gate: Gate | None,
    metric: str,
    found: Mapping[str, float],
    baseline: Mapping[str, float] | None,
) -> Verdict:
    """Judge the proposed parameters' metrics against the present ones', on rows no trial saw.

    Of the training's own gate, what compares with the champion and the latency are left to the
    training: it judges the version itself.
    """
    if baseline is None:
        return Verdict(False, "The present parameters could not be measured: a person decides.")
    value, present = found[metric], baseline[metric]
    shown = f"{metric} {value:.4f} instead of {present:.4f} on rows that no trial saw"
    if not is_better(metric, value, present, tuning.margin):
        return Verdict(False, f"{shown} is not better by more than {tuning.margin:g}.")
    if gate is None or gate.metric is None:
        return Verdict(True, f"{shown}.")
    verdict = judge(_before_a_version(gate), found, None)
    return Verdict(verdict.passed, f"{shown}. {verdict.reason}")


def _before_a_version(gate: Gate) -> Gate:
    """Return the part of a gate that can be judged before there is a version."""
    return Gate(metric=gate.metric, at_least=gate.at_least, at_most=gate.at_most)
