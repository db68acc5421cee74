"""Numbers of one size: gaps filled with the median, then brought to mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minerva.schema.batch import LARGEST, Column

Matrix = NDArray[np.float64]
FARTHEST = 1e6
"""Deviations from the mean beyond which a value tells no more: it is taken for this one."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What was seen of the rows that are learnt from; shape (columns,) each."""

    fill: Matrix
    """The median of each column, 0 of one that is always missing."""
    mean: Matrix
    scale: Matrix
    """The deviation, 1 of a column that never varies."""

    @classmethod
    def fitted(cls, table: Matrix) -> Scaling:
        """Look at rows, shape (n, columns), NaN where a value is missing."""
        fill = np.array([_median(column) for column in table.T])
        filled = np.where(np.isnan(table), fill, table)
        spread = filled.std(axis=0)
        return cls(fill, filled.mean(axis=0), np.where(spread > 0, spread, 1.0))

    def filled(self, table: Matrix) -> Matrix:
        """Return rows without gaps."""
        return np.where(np.isnan(table), self.fill, table)

    def scaled(self, table: Matrix) -> Matrix:
        """Return rows in deviations from the mean; what is missing stays so."""
        return np.clip((table - self.mean) / self.scale, -FARTHEST, FARTHEST)


def bounded(column: Column) -> Matrix:
    """Return numbers; what is too large for a float32 becomes the largest one, as elsewhere."""
    return np.clip(np.asarray(column, np.float64), -LARGEST, LARGEST)


def _median(column: Matrix) -> float:
    present = column[~np.isnan(column)]
    return float(np.median(present)) if len(present) else 0.0
