"""How sure a metric is: the interval in which it lies for 95 of 100 other held-out rows like these.

Percentile bootstrap (Efron 1979). Of many rows a sample is drawn from, and the interval narrowed as more
rows narrow it, by the square root.
"""

from __future__ import annotations

import math

import numpy as np

from minerva.layers.abstraction.evaluation.measure import Measure

DRAWS = 200
MOST_ROWS = 5_000
LEVEL = 0.95
LEAST_GIVEN = 0.9
"""A metric that fewer of the draws give (one class only) has no interval."""

Interval = tuple[float, float]


def intervals(measure: Measure, metrics: dict[str, float], seed: int) -> dict[str, Interval]:
    """Return metric → its lower and upper end, around what was measured on all rows."""
    rows = len(measure.rows)
    if rows < 2:  # noqa: PLR2004 - one row cannot vary
        return {}
    chance = np.random.default_rng(seed)
    sample = chance.permutation(rows)[:MOST_ROWS]
    narrowed = math.sqrt(len(sample) / rows)
    middle = measure.on(sample)
    draws = [measure.on(chance.choice(sample, len(sample))) for _ in range(DRAWS)]
    found = {}
    for name, value in metrics.items():
        given = np.array([draw.get(name, math.nan) for draw in draws], dtype=np.float64)
        given = given[np.isfinite(given)]
        if len(given) < LEAST_GIVEN * DRAWS:
            continue
        low, high = np.quantile(given, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - middle[name]
        found[name] = (value + float(low) * narrowed, value + float(high) * narrowed)
    return found
