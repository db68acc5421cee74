"""Classification, with the truth in every row or in some: which of several values, or whether true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    demand_difference,
    demand_truth,
    labelled,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.schema import Field, FieldType, Schema

CLASSES = frozenset({FieldType.CATEGORY, FieldType.BOOLEAN})
_EPSILON = 1e-15


@dataclass(frozen=True)
class Classification:
    """Tells classes apart."""

    name: str = "classification"
    truth: Truth = "all"
    truths: int | None = None
    resampled: bool = True
    wants: str = "a category or a boolean"
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "always the most frequent value"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(schema, CLASSES, self.wants)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`."""
        if self.truth == "all":
            demand_truth(rows)
        else:
            demand_difference(rows)

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("roc_auc", "log_loss", "brier", "accuracy", "balanced_accuracy")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("roc_auc", "balanced_accuracy")

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Judge the rows that have a truth."""
        name, field = rows.output
        known = labelled(rows)
        predicted = np.asarray(outputs[name], dtype=np.float64)[known]
        return class_metrics(field, rows.data.target()[known], predicted)

    def live(self, schema: Schema) -> Live:
        """Satisfy `Kind`."""
        return first_output(schema)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Answer how often each class occurs."""
        _, field = rows.output
        truth = rows.data.target()[labelled(rows)]
        if len(np.unique(truth)) < 2:  # noqa: PLR2004 - where all is the same, a constant is right
            return None
        if field.type is FieldType.BOOLEAN:
            said = np.full(len(truth), truth.mean())
            return Simple("always the most frequent answer", class_metrics(field, truth, said))
        shares = np.bincount(truth.astype(np.int64), minlength=len(field.values)) / len(truth)
        said = np.tile(shares, (len(truth), 1))
        return Simple("always the most frequent value", class_metrics(field, truth, said))


def class_metrics(field: Field, truth: NDArray[Any], predicted: Floats) -> dict[str, float]:
    """Return metric → value, NaN where it has none; `truth` has shape (n,), none of it missing.

    `predicted` is as `Predictions` has it for a category or a boolean.
    """
    if not len(truth):
        return {}
    if field.type is FieldType.BOOLEAN:
        predicted = np.column_stack([1 - predicted, predicted])
    codes = truth.astype(np.int64)
    if predicted.ndim == 1:  # labels without probabilities
        return _labels(codes, predicted.astype(np.int64))
    return _labels(codes, predicted.argmax(axis=1)) | _probabilities(codes, predicted)


def roc_auc(positive: NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney U); ties count one half.

    NaN if all rows are of one class.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    average_rank = last - (counts - 1) / 2
    ranks = average_rank[inverse]
    return float(
        (ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    )


def _labels(truth: NDArray[np.int64], predicted: NDArray[np.integer[Any]]) -> dict[str, float]:
    right = truth == predicted
    recalls = [right[truth == code].mean() for code in np.unique(truth)]
    return {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(recalls))}


def _probabilities(truth: NDArray[np.int64], chances: Floats) -> dict[str, float]:
    of_truth = chances[np.arange(len(truth)), truth]
    binary = chances.shape[1] == 2  # noqa: PLR2004 - two classes have one curve
    if binary:
        area = roc_auc(truth == 1, chances[:, 1])
        brier = float(np.mean((chances[:, 1] - (truth == 1)) ** 2))
    else:
        areas = [roc_auc(truth == code, chances[:, code]) for code in np.unique(truth)]
        area = float(np.mean(areas))
        brier = float(np.mean(((chances - np.eye(chances.shape[1])[truth]) ** 2).sum(axis=1)))
    return {
        "roc_auc": area,
        "log_loss": float(-np.log(np.clip(of_truth, _EPSILON, 1)).mean()),
        "brier": brier,
    }
