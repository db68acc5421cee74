"""Fields that tell the answer by themselves: mostly they are known only when the answer is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import TrainingData
from minerva.schema import FieldType
from minerva.schema.batch import Column

MOST_ROWS = 20_000
"""Of more rows so many, evenly spaced, are looked at."""
MOST_GROUPS = 50
BINS = 20
ROWS_PER_GROUP = 5
"""Fewer on average are no groups, but rows by themselves."""
LEFT = 0.05
"""A field leaks if so little of what is unknown without it stays unknown with it."""


def leaks(data: TrainingData) -> list[str]:
    """Return the used inputs each of which alone tells the first output nearly without error."""
    name, field = data.inputs.schema.target()
    if name not in data.targets or len(data) < ROWS_PER_GROUP * 2:
        return []
    rows = np.linspace(0, len(data) - 1, min(len(data), MOST_ROWS), dtype=np.intp)
    truth = data.target()[rows]
    classes = field.type in {FieldType.CATEGORY, FieldType.BOOLEAN}
    unknown = _wrong_of_classes if classes else _variance
    found = []
    for one, column in data.inputs.columns.items():
        groups = _groups(column[rows])
        if groups is not None and _left(truth, groups, unknown) <= LEFT:
            found.append(one)
    return found


def _left(truth: NDArray[Any], groups: NDArray[np.intp], unknown: Any) -> float:
    """Return how much of what is unknown about the truth stays unknown within groups, 0 to 1."""
    whole = unknown(truth)
    if whole == 0:
        return 1.0
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    within = sum(unknown(part) for part in np.split(truth[order], starts))
    return float(within / whole)


def _wrong_of_classes(truth: NDArray[Any]) -> float:
    """Return how many rows the most frequent class gets wrong."""
    return float(len(truth) - np.unique(truth, return_counts=True)[1].max())


def _variance(truth: NDArray[Any]) -> float:
    """Return the sum of squares around the mean."""
    return float(((truth - truth.mean()) ** 2).sum())


def _groups(column: Column) -> NDArray[np.intp] | None:
    """Return the group of each row: of equal values, or of those between quantiles; None for neither."""
    if column.ndim > 1:
        return None
    values = (
        np.array(["" if one is None else one for one in column])
        if column.dtype == object
        else column
    )
    different, places = np.unique(values, return_inverse=True)
    if 1 < len(different) <= MOST_GROUPS and len(different) * ROWS_PER_GROUP <= len(values):
        return np.asarray(places, dtype=np.intp)
    if column.dtype == object or len(different) <= MOST_GROUPS:
        return None
    present = values[np.isfinite(values)]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="left"), dtype=np.intp)
