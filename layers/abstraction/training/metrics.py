"""How good predictions are, in numpy alone. Definitions as in scikit-learn's, which tests compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.schema import Field, FieldType

Floats = NDArray[np.floating[Any]]
SMALLER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae"})
_EPSILON = 1e-15


def evaluate(
    field: Field, truth: NDArray[Any], outputs: Predictions, name: str
) -> dict[str, float]:
    """Return metric → value for one output; `truth` has shape (n,), missing values excluded by now."""
    predicted = np.asarray(outputs[name], dtype=np.float64)
    if field.type is FieldType.BOOLEAN:
        predicted = np.column_stack([1 - predicted, predicted])
    elif field.type is not FieldType.CATEGORY:
        return _regression(truth.astype(np.float64), predicted)
    codes = truth.astype(np.int64)
    if predicted.ndim == 1:  # labels without probabilities
        return _labels(codes, predicted.astype(np.int64))
    return _labels(codes, predicted.argmax(axis=1)) | _probabilities(codes, predicted)


def names_for(field: Field) -> tuple[str, ...]:
    """Return the metrics that an output of this type can have."""
    if field.type in {FieldType.CATEGORY, FieldType.BOOLEAN}:
        return ("roc_auc", "log_loss", "brier", "accuracy", "balanced_accuracy")
    return ("rmse", "mae", "r2")


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


def _regression(truth: Floats, predicted: Floats) -> dict[str, float]:
    error = predicted - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    return {
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": float(1 - (error**2).sum() / spread) if spread > 0 else float("nan"),
    }
