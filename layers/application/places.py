"""Places on the earth in km, and hills above them: how closely things lie, as a sum of Gaussian kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_KM = 6371.0088
"""Mean radius."""
AT_ONCE = 4_000_000
"""Numbers that are compared at once."""


def on_earth(longitude: Floats, latitude: Floats) -> Floats:
    """Return places, given in degrees, in km in space, shape (n, 3), as far apart as on the ground."""
    east, north = np.radians(longitude), np.radians(latitude)
    flat = np.cos(north)
    return EARTH_KM * np.column_stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)])


def heights(rows: Floats, known: Floats, width: float, weights: Floats | None = None) -> Floats:
    """Return how high the hills above `known` are together at each of `rows`, shape (n,).

    Both of shape (…, dimensions); each hill is exp(-distance² / 2 width²) times its weight, or 1.
    """
    found = np.empty(len(rows))
    step = max(1, AT_ONCE // max(1, known.size))
    for start in range(0, len(rows), step):
        block = rows[start : start + step, np.newaxis]
        hills = np.exp(-((block - known) ** 2).sum(axis=-1) / (2 * width**2))
        found[start : start + step] = (
            hills.sum(axis=1) if weights is None else (hills * weights).sum(axis=1)
        )
    return found
