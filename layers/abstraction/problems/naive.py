"""Forecasts that need no learning: the last value of a series, or that of a season before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.problems.kind import Floats, Rows
from minerva.schema import FieldType

DAY = 86_400.0
SEASONS = {
    "the value of a day before": DAY,
    "the value of a week before": 7 * DAY,
    "the value of a year before": 365 * DAY,
}
STEPS = {"the value of 7 steps before": 7, "the value of 12 steps before": 12}
"""Of times that are numbers."""


def best_naive(rows: Rows, learnt: Rows, truth: Floats) -> tuple[str, Floats]:
    """Return in words which look back has the least mean error on `truth`, and what it says of the rows."""
    found = {"the last value": naive(rows, learnt, None)}
    for name, season in _seasons(learnt).items():
        found[name] = naive(rows, learnt, season)
    best = min(found, key=lambda name: float(np.abs(found[name] - truth).mean()))
    return best, found[best]


def naive(rows: Rows, learnt: Rows, season: float | None) -> Floats:
    """Return each row's value as many whole seasons before as are needed; without one the last value.

    Moments are the same within half a step. Where nothing is known of that one, the last value of the
    series; of a new series, the mean of all.
    """
    history, step = _history(learnt), _step(learnt)
    usual = float(learnt.data.target().mean())
    said = np.full(len(rows), usual)
    for row, (name, time) in enumerate(zip(_series(rows), _times(rows).tolist(), strict=True)):
        if name not in history:
            continue
        times, values = history[name]
        said[row] = values[-1]
        if season is not None:
            before = time - season * max(1, np.ceil((time - times[-1]) / season))
            place = min(int(np.searchsorted(times, before)), len(times) - 1)
            if place and before - times[place - 1] < times[place] - before:
                place -= 1
            if abs(times[place] - before) < step / 2:
                said[row] = values[place]
    return said


def _seasons(learnt: Rows) -> dict[str, float]:
    """Return the looks back that the history is long enough for."""
    times, step = _times(learnt), _step(learnt)
    span = float(times.max() - times.min())
    field = learnt.data.inputs.schema.inputs[learnt.roles["time"]]
    if field.type is FieldType.TIMESTAMP:
        known = SEASONS
    else:
        known = {name: count * step for name, count in STEPS.items()}
    return {name: season for name, season in known.items() if 0 < step < season <= span}


def _step(learnt: Rows) -> float:
    """Return the usual time between two moments, 0 if there is but one."""
    apart = np.diff(np.unique(_times(learnt)))
    return float(np.median(apart)) if len(apart) else 0.0


def _history(learnt: Rows) -> dict[Any, tuple[Floats, Floats]]:
    """Return series → times in order, and values."""
    times, values = _times(learnt), learnt.data.target().astype(np.float64)
    rows: dict[Any, list[int]] = {}
    for row, name in enumerate(_series(learnt)):
        rows.setdefault(name, []).append(row)
    found = {}
    for name, own in rows.items():
        order = np.array(own)[np.argsort(times[own], kind="stable")]
        found[name] = (times[order], values[order])
    return found


def _times(rows: Rows) -> NDArray[Any]:
    return np.asarray(rows.role("time"), np.float64)


def _series(rows: Rows) -> list[Any]:
    return rows.role("series").tolist() if "series" in rows.roles else [None] * len(rows)
