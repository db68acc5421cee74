"""The shape of time: a trend, waves of each season, and what a residual does in the steps to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import sklearn

DAY = 86_400.0
NAMED = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}
"""Seasons of moments, in seconds."""
TOGETHER = 50
"""So many errors tell how large they are."""
SHORTEST = 3.0
"""A season has so many steps at least."""


def waves(times: Matrix, seasons: Sequence[float], count: int, step: float) -> Matrix:
    """Return sines and cosines of each season, `count` of them unless steps are too far apart."""
    columns = []
    for season in seasons:
        for wave in range(1, min(count, int(season / step / 2)) + 1):
            angle = 2 * np.pi * wave * np.mod(times / season, 1.0)
            columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns) if columns else np.empty((len(times), 0))


def usual_seasons(step: float, span: float) -> list[float]:
    """Return the seasons of moments that a history shows twice and more, in seconds."""
    return [one for one in NAMED.values() if SHORTEST * step <= one and 2 * one <= span]


def ridge(
    rows: Matrix, truth: Matrix, heed: Matrix, penalty: float | Matrix, towards: Matrix
) -> Matrix:
    """Return weights that tell `truth`, held back towards others; `penalty` of all, or of each.

    `heed` is how much each row counts, shape (n,).
    """
    heeded = rows.T * heed
    square = heeded @ rows + np.diag(np.broadcast_to(penalty, rows.shape[1]))
    return np.asarray(np.linalg.solve(square, heeded @ (truth - rows @ towards)) + towards)


def heed(times: Matrix, recent: float) -> Matrix:
    """Return how much each moment counts: half as much a share `recent` of the history before its end."""
    span = float(times.max() - times.min()) or 1.0
    return np.asarray(0.5 ** ((times.max() - times) / (span * recent)), np.float64)


def memory(grids: Sequence[Matrix], lags: int) -> Matrix:
    """Return how a residual follows from those before, the nearest first; shape (lags,).

    `grids` are residuals of some series, step by step, NaN where nothing is known.
    """
    parts = [
        np.lib.stride_tricks.sliding_window_view(one, lags + 1) for one in grids if len(one) > lags
    ]
    seen = np.concatenate(parts) if parts else np.empty((0, lags + 1))
    seen = seen[np.isfinite(seen).all(axis=1)]
    if len(seen) <= 2 * lags:
        return np.zeros(lags)
    before, now = seen[:, :-1][:, ::-1], seen[:, -1]
    return ridge(before, now, np.ones(len(seen)), 1e-3 * len(seen), np.zeros(lags))


def path(grid: Matrix, follows: Matrix, steps: int) -> Matrix:
    """Return the residuals to come, shape (steps,), never larger than any that was."""
    lags = len(follows)
    last = [0.0] * lags + np.nan_to_num(grid[-lags:] if lags else grid[:0]).tolist()
    known: list[float] = last[-lags:] if lags else []
    most = float(np.nanmax(np.abs(grid), initial=0.0))
    for _ in range(steps):
        told = float(np.dot(follows, known[::-1][:lags])) if lags else 0.0
        known.append(min(max(told, -most), most))
    return np.array(known[lags:])


def on_grid(steps: NDArray[np.int64], values: Matrix) -> Matrix:
    """Return values step by step from the first to the last, NaN between them where there is none."""
    first = int(steps.min())
    grid = np.full(int(steps.max()) - first + 1, np.nan)
    grid[steps - first] = values
    return grid


def reach(error: Matrix, ahead: NDArray[np.int64], level: float, horizon: int) -> Matrix:
    """Return how large an error is at each step ahead, never less later; shape (horizon,).

    `error` and `ahead`, in 1…horizon, are of forecasts of rows that were put aside. What their share
    `level` does not exceed (conformal: Vovk and others, 2005) is found for many at a time, in order.
    Farther ahead than they tell, it grows as the root of the steps, as the errors of a random walk do.
    """
    order = np.argsort(ahead, kind="stable")
    parts = np.array_split(order, max(1, len(order) // TOGETHER))
    sizes = np.array([len(part) for part in parts])
    ranks = np.minimum(np.ceil((sizes + 1) * level) / sizes, 1.0)
    most = [np.quantile(error[part], rank) for part, rank in zip(parts, ranks, strict=True)]
    rising = sklearn("isotonic").isotonic_regression(most, sample_weight=sizes)
    middles = [float(ahead[part].mean()) for part in parts]
    steps = np.arange(1, horizon + 1)
    farther = np.sqrt(np.maximum(steps / float(ahead.max()), 1.0))
    return np.asarray(np.interp(steps, middles, rising) * farther, np.float64)
