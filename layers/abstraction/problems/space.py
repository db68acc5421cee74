"""Rows as points whose distances mean something, for metrics that need no truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.schema import Batch, FieldType

Points = NDArray[np.float64]
MOST_ROWS = 1000
"""So many rows are compared with each other, spread evenly over all."""


def points(batch: Batch) -> Points:
    """Return shape (n, width): numbers of mean 0 and deviation 1, a column for each value of a category.

    What is missing is the mean; texts are left out.
    """
    columns: list[Points] = [np.empty((len(batch), 0))]
    for name in batch.schema.features:
        field = batch.schema.inputs[name]
        if field.type is FieldType.CATEGORY:
            columns.append(
                (batch[name][:, np.newaxis] == np.arange(len(field.values))).astype(float)
            )
        elif field.type is not FieldType.TEXT:
            columns.append(_standard(batch[name])[:, np.newaxis])
    return np.concatenate(columns, axis=1)


def sample(rows: int) -> NDArray[np.intp]:
    """Return which rows are looked at: all, or enough of them."""
    return np.linspace(0, rows - 1, min(rows, MOST_ROWS)).astype(np.intp)


def distances(one: Points, other: Points) -> Points:
    """Return Euclidean distances, shape (n, m)."""
    squares = (one**2).sum(axis=1)[:, np.newaxis] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def _standard(column: NDArray[Any]) -> Points:
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros(len(column))
    spread = known.std()
    standard = (column - known.mean()) / (spread if spread > 0 else 1.0)
    return np.asarray(np.nan_to_num(standard), np.float64)
