"""How long a new version takes for one record."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minerva.algorithm import Model
from minerva.schema import Batch

WARM_UP = 5
"""First calls fill caches and start threads; they are not what callers meet."""
FEWEST, MOST = 50, 500
ENOUGH_S = 5.0
"""A slow model is judged by the fewest calls."""
QUANTILE = 0.95


def measure_latency(model: Model, batch: Batch, clock: Callable[[], float]) -> float:
    """Return the 95th percentile (nearest rank) of single-record predictions, in milliseconds.

    `clock` tells seconds. The rows of `batch` are asked one by one, again from the first after the
    last; an empty batch gives NaN. Whatever the model raises is raised.
    """
    if not len(batch):
        return math.nan
    rows = [batch.take(np.array([index])) for index in range(min(len(batch), MOST))]
    for call in range(WARM_UP):
        model.predict(rows[call % len(rows)])
    started = clock()
    seconds: list[float] = []
    while len(seconds) < FEWEST or (len(seconds) < MOST and clock() - started < ENOUGH_S):
        row = rows[len(seconds) % len(rows)]
        before = clock()
        model.predict(row)
        seconds.append(clock() - before)
    return sorted(seconds)[math.ceil(QUANTILE * len(seconds)) - 1] * 1000
