"""Recommendation: how much a user likes an item, by ratings, or by what users have taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData
from minerva.errors import Fault
from minerva.layers.abstraction.problems.anomaly_detection import average_precision
from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    demand_truth,
    refuse_missing_truth,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.layers.abstraction.problems.ranked import numbered, rank_metrics, taken_metrics
from minerva.layers.abstraction.problems.regression import number_metrics
from minerva.schema import Batch, Field, FieldType, Schema
from minerva.schema.batch import concatenate
from minerva.schema.field import NUMERIC

UNKNOWN_FOR_EACH = 4
"""So many pairs that nobody knows of stand beside each one that was taken."""
OF_TAKEN = ("precision_at_10", "recall_at_10", "hit_rate_at_10")
STEADY = 5.0
"""Ratings that a user's or item's own mean must outweigh."""

APART = "in training what was taken stood beside pairs drawn by lot, here beside what was shown"
LACKING = (
    "In no list was something taken and something not: ask in one call for what is shown together."
)


@dataclass(frozen=True)
class Recommendation:
    """Tells how well an item suits a user."""

    name: str = "recommendation"
    truth: Truth = "all"
    truths: int | None = 1
    resampled: bool = True
    wants: str = "a number, the rating; or a boolean, true for what was taken"
    roles: tuple[Role, ...] = (Role("user"), Role("item"))
    ways: tuple[Way, ...] = ("random", "time")
    baseline: str = "what an item and a user get on the average; or how often an item is taken"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(schema, NUMERIC | {FieldType.BOOLEAN}, "a number or a boolean")

    def check(self, rows: Rows) -> None:
        """Let every row be true: nobody writes down what was not taken."""
        name, field = rows.output
        if field.type is FieldType.BOOLEAN:
            refuse_missing_truth(rows.data.target(), name, field, first_row=1)
        else:
            demand_truth(rows)

    def judged(self, rows: Rows, learnt: Rows) -> Rows:
        """Add pairs that nobody knows of, where all that is known is true."""
        if rows.output[1].type is not FieldType.BOOLEAN or not rows.data.target().all():
            return rows
        return _with_unknown(rows, learnt)

    def metrics(self, field: Field) -> tuple[str, ...]:
        """Satisfy `Kind`."""
        if field.type is FieldType.BOOLEAN:
            return ("roc_auc", "average_precision", "ndcg", "ndcg_at_10", *OF_TAKEN)
        return ("rmse", "mae", "r2", "ndcg", "ndcg_at_10")

    def telling(self, field: Field) -> tuple[str, ...]:
        """Satisfy `Kind`."""
        return ("roc_auc",) if field.type is FieldType.BOOLEAN else ("rmse",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Satisfy `Kind`."""
        return _measured(rows, np.asarray(outputs[rows.output[0]], np.float64))

    def live(self, schema: Schema) -> Live:
        """Look at what each user was shown; of what was taken, the rest of a call was not."""
        live = replace(first_output(schema), group="user")
        if schema.target()[1].type is not FieldType.BOOLEAN:
            return live
        return replace(live, taken=True, apart=APART, lacking=LACKING)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:
        """Answer as if all users were alike."""
        if learnt is None:
            return None
        truth = learnt.data.target().astype(np.float64)
        items, theirs = _numbered(learnt.role("item"), rows.role("item"))
        if rows.output[1].type is FieldType.BOOLEAN:
            taken = np.bincount(items, truth, minlength=int(theirs.max()) + 1).astype(np.float64)
            return Simple("how often an item is taken", _measured(rows, taken[theirs]))
        users, mine = _numbered(learnt.role("user"), rows.role("user"))
        mean = truth.mean()
        for_item = _steady(items, truth - mean, theirs)
        for_user = _steady(users, truth - mean - _steady(items, truth - mean, items), mine)
        said = mean + for_item + for_user
        return Simple("what an item and a user get on the average", _measured(rows, said))


def _measured(rows: Rows, said: Floats) -> dict[str, float]:
    truth = rows.data.target().astype(np.float64)
    order = rank_metrics(truth - min(truth.min(), 0), said, rows.role("user"))
    if rows.output[1].type is not FieldType.BOOLEAN:
        return number_metrics(truth, said) | order
    positive = truth > 0
    if positive.all() or not positive.any():
        return order
    return {
        "roc_auc": roc_auc(positive, said),
        "average_precision": average_precision(positive, said),
        **order,
        **taken_metrics(positive, said, rows.role("user")),
    }


def _steady(groups: NDArray[np.intp], values: Floats, asked: NDArray[np.intp]) -> Floats:
    """Return each asked group's mean, drawn towards 0 where it has few values or none."""
    count = int(max(groups.max(), asked.max())) + 1
    sums, sizes = np.bincount(groups, values, count), np.bincount(groups, minlength=count)
    return np.asarray((sums / (sizes + STEADY))[asked])


def _numbered(one: Any, other: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return two columns as numbers, equal where they are."""
    both = numbered(np.concatenate([one, other]))
    return both[: len(one)], both[len(one) :]


def _with_unknown(rows: Rows, learnt: Rows) -> Rows:
    """Return the rows, and for each of them some of its user with other items, which count as false."""
    chance = np.random.default_rng(0)
    asked, batch = rows.roles, rows.data.inputs
    pairs = (zip(part.role("user").tolist(), part.role("item").tolist(), strict=True)
             for part in (rows, learnt))  # fmt: skip
    known = {pair for part in pairs for pair in part}
    of = np.repeat(np.arange(len(rows)), UNKNOWN_FOR_EACH)
    first = {name: at for at, name in enumerate(learnt.role("item").tolist())}
    drawn = chance.choice(np.array([*first.values()], np.intp), len(of))
    items = learnt.data.inputs.take(drawn)
    users = batch.take(of)
    names = zip(users[asked["user"]].tolist(), items[asked["item"]].tolist(), strict=True)
    new = np.array([pair not in known for pair in names], dtype=bool)
    columns = {**items.columns, asked["user"]: users[asked["user"]]}
    made = Batch(batch.schema, columns, len(of), users.keys).take(np.flatnonzero(new))
    name = rows.output[0]
    truth = np.concatenate([rows.data.targets[name], np.zeros(len(made))])
    data = TrainingData(concatenate([batch, made]), {**rows.data.targets, name: truth})
    return Rows(data, rows.roles)
