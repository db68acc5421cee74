"""The nearest of some known rows, row by row and the same whatever stands beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.catalogue.features import Matrix

AT_ONCE = 4_000_000
"""Differences that are held in memory together."""


def nearest(known: Matrix, rows: Matrix, count: int) -> tuple[NDArray[np.intp], Matrix]:
    """Return the `count` nearest known rows of each row, and how far they are; both of shape (n, count).

    `known` has shape (m, width), m at least `count`; the nearest comes first, of equals the earlier one.
    """
    places = np.empty((len(rows), count), np.intp)
    far = np.empty((len(rows), count))
    step = max(1, AT_ONCE // max(1, known.size))
    for start in range(0, len(rows), step):
        block = rows[start : start + step, np.newaxis]
        distance = np.sqrt(((block - known) ** 2).sum(axis=-1))
        order = np.argsort(distance, axis=1, kind="stable")[:, :count]
        places[start : start + step] = order
        far[start : start + step] = np.take_along_axis(distance, order, axis=1)
    return places, far
