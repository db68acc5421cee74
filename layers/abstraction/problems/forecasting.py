"""Forecasting: what a number will be at a later time, of one series or of many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import (
    MOMENTS,
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    demand_truth,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.layers.abstraction.problems.naive import best_naive
from minerva.schema import Field, Schema
from minerva.schema.field import NUMERIC

WITH_INTERVAL = 3


@dataclass(frozen=True)
class Forecasting:
    """Tells a number at a later time, and between which others it will lie."""

    name: str = "forecasting"
    truth: Truth = "all"
    truths: int | None = 1
    resampled: bool = True
    wants: str = "a number; then perhaps two more, below and above which it will hardly be"
    roles: tuple[Role, ...] = (Role("time", MOMENTS), Role("series", needed=False))
    ways: tuple[Way, ...] = ("time",)
    baseline: str = "the last value, or that of a day, week or year before, whichever is better"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        for name, field in schema.output.items():
            if field.type not in NUMERIC:
                yield Fault(
                    f"/schema/output/{name}", f"is of type {field.type.value}; here it is a number"
                )
        if len(schema.output) not in {1, WITH_INTERVAL}:
            yield Fault("/schema/output", f"is to be {self.wants}")

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`."""
        demand_truth(rows)

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("mae", "rmse", "smape", "coverage", "width")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("mae",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Satisfy `Kind`."""
        truth = rows.data.target().astype(np.float64)
        said = [np.asarray(outputs[name], np.float64) for name in rows.data.inputs.schema.output]
        found = forecast_metrics(truth, said[0])
        if len(said) == WITH_INTERVAL:
            low, high = said[1:]
            inside = (low <= truth) & (truth <= high)
            found |= {"coverage": float(inside.mean()), "width": float((high - low).mean())}
        return found

    def live(self, schema: Schema) -> Live:
        """Look at the bounds, too."""
        return replace(first_output(schema), outputs=tuple(schema.output))

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:
        """Answer what was, by whichever look back fits these rows best."""
        if learnt is None:
            return None
        truth = rows.data.target().astype(np.float64)
        answer, said = best_naive(rows, learnt, truth)
        return Simple(answer, forecast_metrics(truth, said))


def forecast_metrics(truth: Floats, said: Floats) -> dict[str, float]:
    """Return metric → value; both of shape (n,), n at least 1."""
    error = np.abs(said - truth)
    size = np.abs(said) + np.abs(truth)
    share = np.divide(2 * error, size, out=np.zeros_like(error), where=size > 0)
    return {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "smape": float(share.mean()),
    }
