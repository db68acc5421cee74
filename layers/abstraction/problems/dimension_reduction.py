"""Dimension reduction: a few numbers that keep what many inputs say; no truth is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import Role, Rows, Simple, Truth, Way
from minerva.layers.abstraction.problems.live import Live
from minerva.layers.abstraction.problems.space import Points, distances, points, sample
from minerva.schema import Field, FieldType, Schema

NEIGHBOURS = 5


@dataclass(frozen=True)
class DimensionReduction:
    """Tells where a row lies in fewer dimensions, one output for each."""

    name: str = "dimension-reduction"
    truth: Truth = "none"
    truths: int | None = None
    resampled: bool = False
    wants: str = "a number for each dimension"
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "as many directions, drawn by lot"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        for name, field in schema.output.items():
            if field.type is not FieldType.NUMBER:
                message = f"is of type {field.type.value}; here it is a number"
                yield Fault(f"/schema/output/{name}", message)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`: there is no truth to look at."""

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("explained_variance", "trustworthiness")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("explained_variance",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Look at how much of the inputs the outputs keep."""
        names = rows.data.inputs.schema.output
        said = np.column_stack([np.asarray(outputs[name], np.float64) for name in names])
        chosen = sample(len(rows))
        return reduction_metrics(points(rows.take(chosen).data.inputs), said[chosen])

    def live(self, schema: Schema) -> Live:
        """Look at the inputs that were recorded: there is no truth that could come."""
        return Live(truth={}, outputs=tuple(schema.output), inputs=True)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Look from somewhere."""
        at = points(rows.take(sample(len(rows))).data.inputs)
        directions = np.random.default_rng(0).normal(
            size=(at.shape[1], len(rows.data.inputs.schema.output))
        )
        return Simple(self.baseline, reduction_metrics(at, at @ directions))


def reduction_metrics(at: Points, said: Points) -> dict[str, float]:
    """Return metric → value, NaN where rows are too few; of shape (n, width) and (n, dimensions)."""
    return {
        "explained_variance": explained_variance(at, said),
        "trustworthiness": trustworthiness(at, said, NEIGHBOURS),
    }


def explained_variance(at: Points, said: Points) -> float:
    """Return R² of the inputs, all together, as the best linear function of the outputs."""
    centred = at - at.mean(axis=0)
    total = float((centred**2).sum())
    if total == 0 or len(at) <= said.shape[1] + 1:
        return float("nan")
    known = said - said.mean(axis=0)
    weights, *_ = np.linalg.lstsq(known, centred, rcond=None)
    return float(1 - ((centred - known @ weights) ** 2).sum() / total)


def trustworthiness(at: Points, said: Points, count: int) -> float:
    """Return how few of the outputs' neighbours are none of the inputs' (Venna, Kaski, 2001)."""
    rows = len(at)
    if rows <= 3 * count:
        return float("nan")
    before, after = distances(at, at), distances(said, said)
    np.fill_diagonal(before, np.inf)
    np.fill_diagonal(after, np.inf)
    ranks = np.empty((rows, rows), np.intp)
    order = np.argsort(before, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, rows + 1)[np.newaxis].repeat(rows, axis=0), axis=1)
    near = np.argsort(after, axis=1, kind="stable")[:, :count]
    wrong = np.maximum(np.take_along_axis(ranks, near, axis=1) - count, 0).sum()
    return float(1 - wrong * 2 / (rows * count * (2 * rows - 3 * count - 1)))
