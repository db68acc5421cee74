"""Ranking: a score that puts the rows of a group in order, the most relevant first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minerva.algorithm import Predictions
from minerva.errors import Fault, InvalidData
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
from minerva.layers.abstraction.problems.ranked import (
    mean_told,
    numbered,
    rank_metrics,
    reciprocal_ranks,
)
from minerva.schema import Field, FieldType, Schema


@dataclass(frozen=True)
class Ranking:
    """Tells which rows of a group come first."""

    name: str = "ranking"
    truth: Truth = "all"
    truths: int | None = None
    resampled: bool = True
    wants: str = "a number, more for what is more relevant; in the data 0 or more"
    roles: tuple[Role, ...] = (Role("group"),)
    ways: tuple[Way, ...] = ("group", "time")
    baseline: str = "any order"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(
            schema, frozenset({FieldType.NUMBER}), "a number, since an order needs fractions"
        )

    def check(self, rows: Rows) -> None:
        """Refuse a relevance below 0, too: it has no gain."""
        demand_truth(rows)
        below = np.flatnonzero(rows.data.target() < 0)
        if len(below):
            name, _ = rows.output
            raise InvalidData(
                f"The relevance {name!r} is below 0 in some rows: count it from 0.",
                faults=[Fault(f'column "{name}", row {below[0] + 1}', "is below 0")],
            )

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("ndcg", "ndcg_at_10", "mrr")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("ndcg",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Satisfy `Kind`."""
        score = np.asarray(outputs[rows.output[0]], np.float64)
        return _measured(rows, score)

    def live(self, schema: Schema) -> Live:
        """Look at whole lists: the rows of a group, or of a call."""
        lacking = "In no list do rows differ in relevance: tell 0 of what was not wanted."
        return replace(first_output(schema), group="group", lacking=lacking)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Answer the same of all, which is the mean of all orders."""
        return Simple(self.baseline, _measured(rows, np.zeros(len(rows))))


def _measured(rows: Rows, score: Floats) -> dict[str, float]:
    truth, groups = rows.data.target(), rows.role("group")
    first = reciprocal_ranks(truth, score, numbered(groups))
    return {**rank_metrics(truth, score, groups), "mrr": mean_told(first)}
