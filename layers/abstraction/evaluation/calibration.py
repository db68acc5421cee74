"""Whether chances can be taken at their word: of the rows told 30 %, how many come true.

Expected calibration error over bins of equal size (Naeini et al. 2015; Nixon et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BINS = 10
ROWS_PER_BIN = 20
LEAST_ROWS = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Rows that were told about the same chance."""

    told: float
    """Their mean chance."""
    came_true: float
    """The share of them for which it came true."""
    rows: int


@dataclass(frozen=True)
class Calibration:
    """How far told chances are from what came true."""

    of: str
    """What the chances are of, in words."""
    error: float
    """Mean distance between told and true, in 0..1."""
    bins: tuple[Bin, ...]


def calibration(
    chances: Floats, truth: NDArray[np.int64], values: tuple[str, ...]
) -> Calibration | None:
    """Return how well chances are calibrated; None for too few rows.

    `chances` has shape (n, len(values)), `truth` holds codes, shape (n,). Of two values the chance of
    the second is looked at, of more the chance of the one that was answered.
    """
    if len(truth) < LEAST_ROWS:
        return None
    if len(values) == 2:  # noqa: PLR2004 - two values have one chance
        return _calibration(f"{values[1]!r}", chances[:, 1], truth == 1)
    answered = chances.argmax(axis=1)
    told = chances[np.arange(len(truth)), answered]
    return _calibration("the answer that is given", told, answered == truth)


def _calibration(of: str, told: Floats, true: NDArray[np.bool_]) -> Calibration:
    order = np.argsort(told, kind="stable")
    count = min(MOST_BINS, max(2, len(told) // ROWS_PER_BIN))
    bins = tuple(
        Bin(float(told[part].mean()), float(true[part].mean()), len(part))
        for part in np.array_split(order, count)
    )
    error = sum(one.rows * abs(one.told - one.came_true) for one in bins) / len(told)
    return Calibration(of, float(error), bins)
