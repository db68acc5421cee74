"""Whether a model is worth anything: beside what could be answered without having learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minerva.algorithm import TrainingData
from minerva.layers.abstraction.problems.metric import is_better
from minerva.layers.abstraction.problems.problem import Problem

MARGIN = 1e-9


@dataclass(frozen=True)
class Baseline:
    """A model beside the simple answer of its kind of problem, on the same rows."""

    answer: str
    """What is always answered, in words."""
    metric: str
    """The one that is compared."""
    model: float
    simple: float
    metrics: Mapping[str, float]
    """All that the simple answer reaches."""

    @property
    def beaten(self) -> bool:
        """Whether the model is better."""
        return is_better(self.metric, self.model, self.simple, MARGIN)

    @property
    def sentence(self) -> str:
        """Tell a person whether the model is worth using."""
        told = f"{self.metric} {self.model:.4f} against {self.simple:.4f} of {self.answer}"
        return f"Worth using: {told}." if self.beaten else f"Not worth using: {told}."

    def to_json(self) -> dict[str, Any]:
        """Return what a version's manifest tells."""
        return {
            "answer": self.answer,
            "metric": self.metric,
            "beaten": self.beaten,
            "metrics": dict(self.metrics),
        }


def compared(
    problem: Problem,
    metrics: Mapping[str, float],
    held_out: TrainingData,
    learnt: TrainingData | None,
) -> Baseline | None:
    """Return a model's metrics beside the simple answer's; None if there is nothing to compare.

    `learnt` are the rows that it was learnt from, None where no process holds them all.
    """
    simple = problem.simple(held_out, learnt)
    if simple is None:
        return None
    finite = {one: value for one, value in simple.metrics.items() if np.isfinite(value)}
    metric = next((one for one in problem.telling() if one in metrics and one in finite), None)
    if metric is None:
        return None
    return Baseline(simple.answer, metric, metrics[metric], finite[metric], finite)
