"""A gated recurrent unit (Cho and others, 2014) that tells a series' next value from those before.

In numpy alone: learnt by backpropagation through time and Adam (Kingma, Ba, 2015). What it tells is added
to the last value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.catalogue.features import Matrix

Weights = dict[str, Matrix]
GATES = ("z", "r", "n")
"""Keep, forget, and what is new."""
BATCH = 64
VALIDATED = 0.15
PATIENCE = 15
MOST_WINDOWS = 20_000


def drawn(units: int, chance: np.random.Generator) -> Weights:
    """Return weights to begin with."""
    size = 1 / np.sqrt(units)
    found = {f"u{gate}": chance.uniform(-size, size, (units, units)) for gate in GATES}
    found |= {f"w{gate}": chance.uniform(-size, size, units) for gate in GATES}
    found |= {f"b{gate}": np.zeros(units) for gate in GATES}
    return found | {"out": np.zeros(units), "start": np.zeros(1)}


def step(weights: Weights, value: Matrix, held: Matrix) -> tuple[Matrix, dict[str, Matrix]]:
    """Return what is held after a value, of shape (n,), and what led to it; `held` has shape (n, units)."""
    column = value[:, np.newaxis]
    keep = _sigmoid(column * weights["wz"] + held @ weights["uz"] + weights["bz"])
    forget = _sigmoid(column * weights["wr"] + held @ weights["ur"] + weights["br"])
    known = held @ weights["un"]
    new = np.tanh(column * weights["wn"] + weights["bn"] + forget * known)
    after = (1 - keep) * new + keep * held
    return after, {"z": keep, "r": forget, "n": new, "known": known, "before": held, "x": column}


def loss_and_slopes(weights: Weights, given: Matrix, wanted: Matrix) -> tuple[float, Weights]:
    """Return the mean squared error over windows, and its slope by each weight.

    `given` and `wanted` have shape (windows, steps): a value, and the next one, NaN where it is not known.
    """
    held = np.zeros((len(given), len(weights["out"])))
    seen, errors = [], []
    for at in range(given.shape[1]):
        held, led = step(weights, given[:, at], held)
        said = given[:, at] + held @ weights["out"] + weights["start"][0]
        errors.append(np.nan_to_num(said - wanted[:, at]))
        seen.append((led, held))
    count = max(1, int(np.isfinite(wanted).sum()))
    slopes = {name: np.zeros_like(one) for name, one in weights.items()}
    later = np.zeros_like(held)
    for (led, after), error in zip(reversed(seen), reversed(errors), strict=True):
        told = 2 * error / count
        slopes["out"] += after.T @ told
        slopes["start"] += told.sum()
        later = _back(weights, slopes, led, told[:, np.newaxis] * weights["out"] + later)
    return float((np.array(errors) ** 2).sum() / count), slopes


def learnt(
    series: Sequence[Matrix], units: int, window: int, passes: int, rate: float, seed: int,
    progress: Callable[[float], None] = lambda share: None,  # noqa: ARG005 - nobody listens
) -> Weights:  # fmt: skip
    """Return weights for some series, each step by step with NaN for what is not known."""
    chance = np.random.default_rng(seed)
    given, wanted = windows(series, window, chance)
    weights = drawn(units, chance)
    if not len(given):
        return weights
    judged = np.zeros(len(given), dtype=bool)
    judged[chance.permutation(len(given))[: int(len(given) * VALIDATED)]] = True
    best, least, waited = weights, np.inf, 0
    adam = _Adam(weights, rate)
    for pass_ in range(passes):
        order = chance.permutation(np.flatnonzero(~judged))
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            _, slopes = loss_and_slopes(weights, given[some], wanted[some])
            weights = adam.moved(weights, slopes)
        of = judged if judged.any() else ~judged
        loss, _ = loss_and_slopes(weights, given[of], wanted[of])
        best, least, waited = (weights, loss, 0) if loss < least else (best, least, waited + 1)
        if waited >= PATIENCE:
            break
        progress((pass_ + 1) / passes)
    return best


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


def told(weights: Weights, series: Matrix, window: int, steps: int, most: float) -> Matrix:
    """Return the values to come, shape (steps,), never farther than `most` from 0."""
    held, value = np.zeros((1, len(weights["out"]))), np.zeros(1)
    for known in filled(series[np.newaxis, -window:])[0]:
        value = np.array([known])
        held, _ = step(weights, value, held)
    found = []
    for _ in range(steps):
        value = np.clip(value + held @ weights["out"] + weights["start"], -most, most)
        found.append(float(value[0]))
        held, _ = step(weights, value, held)
    return np.array(found)


def filled(rows: Matrix) -> Matrix:
    """Return rows with what is not known as it last was, 0 before anything is; shape (n, steps)."""
    places = np.where(np.isfinite(rows), np.arange(rows.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    values = np.take_along_axis(rows, np.maximum(last, 0), axis=1)
    return np.asarray(np.where(last >= 0, values, 0.0), np.float64)


def _back(weights: Weights, slopes: Weights, led: dict[str, Matrix], slope: Matrix) -> Matrix:
    """Add one step's slopes; return the slope by what was held before it."""
    keep, forget, new, before = led["z"], led["r"], led["n"], led["before"]
    of_new = slope * (1 - keep) * (1 - new**2)
    inner = {
        "z": slope * (before - new) * keep * (1 - keep),
        "r": of_new * led["known"] * forget * (1 - forget),
        "n": of_new,
    }
    earlier = slope * keep
    for gate in GATES:
        through = inner[gate] * forget if gate == "n" else inner[gate]
        slopes[f"u{gate}"] += before.T @ through
        slopes[f"w{gate}"] += (led["x"] * inner[gate]).sum(axis=0)
        slopes[f"b{gate}"] += inner[gate].sum(axis=0)
        earlier = earlier + through @ weights[f"u{gate}"].T
    return earlier


class _Adam:
    """Moves weights down their slopes."""

    def __init__(self, weights: Weights, rate: float) -> None:
        self._rate, self._time = rate, 0
        self._mean = {name: np.zeros_like(one) for name, one in weights.items()}
        self._square = {name: np.zeros_like(one) for name, one in weights.items()}

    def moved(self, weights: Weights, slopes: Weights) -> Weights:
        """Return the weights after one move; slopes longer than 1 are shortened to it."""
        self._time += 1
        length = np.sqrt(sum(float((one**2).sum()) for one in slopes.values()))
        found = {}
        for name, weight in weights.items():
            slope = slopes[name] / max(1.0, length)
            self._mean[name] = 0.9 * self._mean[name] + 0.1 * slope
            self._square[name] = 0.999 * self._square[name] + 0.001 * slope**2
            mean = self._mean[name] / (1 - 0.9**self._time)
            square = self._square[name] / (1 - 0.999**self._time)
            found[name] = weight - self._rate * mean / (np.sqrt(square) + 1e-8)
        return found


def _sigmoid(value: Matrix) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -700, 700))), np.float64)
