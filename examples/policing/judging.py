"""How good a forecast of places is: hit rate and predictive accuracy index, beside what is simple.

Hit rate: the share of later events in the cells that were flagged. Predictive accuracy index, PAI: hit rate
divided by the share of the area that was flagged (Chainey, Tompson and Uhlig, 2008); 1 is chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.steps.season import means_before

Floats = NDArray[np.float64]
"""Forecasts and counts have shape (intervals, cells) here."""

SHARES = (0.05, 0.10, 0.20)
"""Of the area that is flagged in each interval."""
DRAWS = 2000


@dataclass(frozen=True)
class Score:
    """What one forecast reaches where such a share of the area is flagged."""

    share: float
    hit_rate: float

    @property
    def pai(self) -> float:
        """Return how many times as many events are met as by chance."""
        return self.hit_rate / self.share


@dataclass(frozen=True)
class Gain:
    """By how much the hit rate of one forecast is above another's, with an interval for 90 %."""

    mean: float
    low: float
    high: float


def flags(forecast: Floats, share: float) -> Floats:
    """Return how much of each cell is flagged, 0 to 1, the same share of the area in every interval.

    Cells that are forecast alike at the border share what is left, as if one drew lots many times.
    """
    wanted = share * forecast.shape[1]
    highest = -np.sort(-forecast, axis=1)
    border = highest[:, [max(int(np.ceil(wanted)) - 1, 0)]]
    above, tied = forecast > border, forecast == border
    left = wanted - above.sum(axis=1, keepdims=True)
    return np.where(tied, left / tied.sum(axis=1, keepdims=True), above.astype(np.float64))


def hits(forecast: Floats, counts: Floats, share: float) -> Floats:
    """Return how many events lie in what is flagged, shape (intervals,)."""
    return np.asarray((flags(forecast, share) * counts).sum(axis=1), np.float64)


def scores(forecast: Floats, counts: Floats) -> list[Score]:
    """Return what a forecast reaches, of all events of all intervals together."""
    return [Score(share, hits(forecast, counts, share).sum() / counts.sum()) for share in SHARES]


def gain(forecast: Floats, other: Floats, counts: Floats, share: float, seed: int = 0) -> Gain:
    """Return by how much more of the events a forecast meets than another one.

    The interval is that of intervals of time drawn again (bootstrap: Efron, 1979).
    """
    more = hits(forecast, counts, share) - hits(other, counts, share)
    all_, chance = counts.sum(axis=1), np.random.default_rng(seed)
    drawn = chance.integers(0, len(more), (DRAWS, len(more)))
    gains = more[drawn].sum(axis=1) / np.maximum(all_[drawn].sum(axis=1), 1)
    low, high = np.quantile(gains, (0.05, 0.95))
    return Gain(float(more.sum() / all_.sum()), float(low), float(high))


def baselines(
    counts: Floats, slots: NDArray[np.intp], period: int, day: int
) -> Mapping[str, Floats]:
    """Return what is simple, for some intervals: each knows all events before its own interval.

    `counts` is the whole history, shape (intervals, cells); `period` and `day` are those of a week and day.
    """
    told = {
        "mean of the cell and hour of the week": means_before(counts, period)[slots],
        "mean of the cell and hour of the day": means_before(counts, day)[slots],
        "mean of the cell": means_before(counts, 1)[slots],
        "any cell alike": np.zeros((len(slots), counts.shape[1])),
    }
    return (
        told if day > 1 else {name: one for name, one in told.items() if "of the day" not in name}
    )
