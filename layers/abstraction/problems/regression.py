"""Regression: a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    demand_truth,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.schema import Field, Schema
from minerva.schema.field import NUMERIC


@dataclass(frozen=True)
class Regression:
    """Tells a number."""

    name: str = "regression"
    truth: Truth = "all"
    truths: int | None = None
    resampled: bool = True
    wants: str = "a number or an integer"
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "always the mean"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(schema, NUMERIC, self.wants)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`."""
        demand_truth(rows)

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("rmse", "mae", "r2")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("rmse",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Satisfy `Kind`."""
        predicted = np.asarray(outputs[rows.output[0]], dtype=np.float64)
        return number_metrics(rows.data.target().astype(np.float64), predicted)

    def live(self, schema: Schema) -> Live:
        """Satisfy `Kind`."""
        return first_output(schema)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Answer the mean of these very rows, which no other constant beats."""
        truth = rows.data.target().astype(np.float64)
        if len(np.unique(truth)) < 2:  # noqa: PLR2004 - where all is the same, a constant is right
            return None
        return Simple(self.baseline, number_metrics(truth, np.full(len(truth), truth.mean())))


def number_metrics(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Return metric → value; both of shape (n,), n at least 1. R² of a constant truth is NaN."""
    error = predicted - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    return {
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": float(1 - (error**2).sum() / spread) if spread > 0 else float("nan"),
    }
