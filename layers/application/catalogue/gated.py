"""A gated recurrent unit (Cho and others, 2014), answered by numpy: what it holds after each step.

How it learns, with PyTorch, is in `gated_training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.catalogue.features import Matrix

Weights = Mapping[str, NDArray[Any]]
"""In PyTorch's order of gates (forget, keep, new), u units each: `given` (width, 3u) and `held` (u, 3u) are
what a step and what was held are multiplied with, `given_start` and `held_start` (3u,) are added; `out`
(u, outputs) and `start` (outputs,) tell the answer."""
MOST_WINDOWS = 20_000


def last_held(weights: Weights, steps: NDArray[Any]) -> Matrix:
    """Return what is held after the last step, shape (n, units); `steps` has shape (n, steps, width)."""
    held = np.zeros((len(steps), len(weights["held"])))
    for at in range(steps.shape[1]):
        held = step(weights, steps[:, at], held)
    return held


def step(weights: Weights, given: NDArray[Any], held: Matrix) -> Matrix:
    """Return what is held after one step; `given` has shape (n, width), `held` (n, units)."""
    units = held.shape[1]
    of_given = given @ weights["given"] + weights["given_start"]
    of_held = held @ weights["held"] + weights["held_start"]
    gates = _sigmoid(of_given[:, : 2 * units] + of_held[:, : 2 * units])
    forget, keep = gates[:, :units], gates[:, units:]
    new = np.tanh(of_given[:, 2 * units :] + forget * of_held[:, 2 * units :])
    return np.asarray((1 - keep) * new + keep * held, np.float64)


def told(weights: Weights, held: Matrix) -> Matrix:
    """Return what is told of what is held, shape (n, outputs)."""
    return np.asarray(held @ weights["out"] + weights["start"], np.float64)


def windows(
    series: Sequence[Matrix], window: int, chance: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Return what is given and what is wanted of each window, shape (windows, steps)."""
    pairs = []
    for one in series:
        length = min(window, len(one) - 1)
        if length < window:  # a short series begins with nothing
            one = np.concatenate([np.full(window - length, np.nan), one])  # noqa: PLW2901 - the same, longer
        pairs.append(np.lib.stride_tricks.sliding_window_view(one, window + 1))
    seen = np.concatenate(pairs) if pairs else np.empty((0, window + 1))
    seen = seen[np.isfinite(seen).any(axis=1)]
    if len(seen) > MOST_WINDOWS:
        seen = seen[np.sort(chance.choice(len(seen), MOST_WINDOWS, replace=False))]
    return filled(seen[:, :-1]), seen[:, 1:]


def gone_on(weights: Weights, series: Matrix, window: int, steps: int, most: float) -> Matrix:
    """Return the values to come, shape (steps,), never farther than `most` from 0.

    What is told at a step is added to its value.
    """
    known = filled(series[np.newaxis, -window:])
    held, value = last_held(weights, known[:, :, np.newaxis]), known[:, -1]
    found = []
    for _ in range(steps):
        value = np.clip(value + told(weights, held)[:, 0], -most, most)
        found.append(float(value[0]))
        held = step(weights, value[:, np.newaxis], held)
    return np.array(found)


def filled(rows: Matrix) -> Matrix:
    """Return rows with what is not known as it last was, 0 before anything is; shape (n, steps)."""
    places = np.where(np.isfinite(rows), np.arange(rows.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    values = np.take_along_axis(rows, np.maximum(last, 0), axis=1)
    return np.asarray(np.where(last >= 0, values, 0.0), np.float64)


def _sigmoid(value: Matrix) -> Matrix:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -700, 700))), np.float64)
