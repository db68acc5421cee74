"""How sure one answer is, learnt from the held-out rows: a calibrated chance, or an interval.

A class: the chance that the answer is right, by isotonic regression of what came true on the model's own
chance (Zadrozny and Elkan, KDD 2002). A number: split-conformal interval of constant width, which holds
the truth for 90 of 100 rows like those held out (Lei et al., JASA 2018).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData
from minerva.layers.abstraction.serving.answers import Answered, answers
from minerva.schema import Field, FieldType

CONFIDENCE = "confidence"
"""Its name in a manifest, and in what a caller asks for."""
LEVEL = 0.9
LEAST_ROWS = 50
MOST_KNOTS = 50
DIGITS = 6
CLASSES = frozenset({FieldType.CATEGORY, FieldType.BOOLEAN})
Floats = NDArray[np.float64]


class Confidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answers of one output are worth."""

    told: tuple[float, ...] = ()
    """Of a class: the model's own chances of its answers, ascending."""
    came_true: tuple[float, ...] = ()
    """What they stand for; between them it is interpolated."""
    width: float | None = None
    """Of a number: so far the truth is from the answer at most, for 90 of 100 rows."""

    def of(self, answered: Answered) -> Floats:
        """Return the chance that each answer is right, shape (n,), or its interval, shape (n, 2)."""
        if self.width is not None:
            values = answered.values.astype(np.float64)
            return np.column_stack([values - self.width, values + self.width])
        sure = np.interp(_own(answered), self.told, self.came_true)
        rounded: Floats = sure.round(DIGITS)
        return rounded


def learnt(rows: TrainingData, outputs: Predictions) -> dict[str, Any]:
    """Return what a manifest tells of the first output; nothing where there is too little truth."""
    name, field = rows.inputs.schema.target()
    truth = rows.targets.get(name)
    if truth is None:
        return {}
    known = truth >= 0 if field.type is FieldType.CATEGORY else np.isfinite(truth)
    if int(known.sum()) < LEAST_ROWS:
        return {}
    answered = answers(rows.inputs.schema, outputs, len(rows))[name]
    found = _learnt(field, answered, truth, known)
    return {CONFIDENCE: {name: msgspec.to_builtins(found)}}


def read(manifest: dict[str, Any]) -> dict[str, Confidence]:
    """Return output → what its answers are worth, for a version that knows."""
    return msgspec.convert(manifest.get(CONFIDENCE, {}), dict[str, Confidence])


def _learnt(
    field: Field, answered: Answered, truth: NDArray[Any], known: NDArray[np.bool_]
) -> Confidence:
    values = answered.values[known]
    if field.type in CLASSES:
        right = values.astype(np.int64) == truth[known].astype(np.int64)
        return _isotonic(_own(answered)[known], right.astype(np.float64))
    off = np.sort(np.abs(values.astype(np.float64) - truth[known]))
    rank = min(math.ceil((len(off) + 1) * LEVEL), len(off))
    return Confidence(width=float(off[rank - 1]))


def _own(answered: Answered) -> Floats:
    """Return the model's own chance of what it answers; 1 where it tells none."""
    chances = answered.chances
    if chances is None:
        return np.ones(len(answered.values))
    own: Floats = chances.max(axis=1) if chances.ndim > 1 else np.maximum(chances, 1 - chances)
    return own


def _isotonic(told: Floats, right: Floats) -> Confidence:
    """Return the non-decreasing curve nearest to what came true: pool adjacent violators."""
    chances, places, counts = np.unique(told, return_inverse=True, return_counts=True)
    shares = np.bincount(places, right) / counts
    blocks: list[tuple[float, float, int]] = []
    for chance, share, count in zip(
        *map(np.ndarray.tolist, (chances, shares, counts)), strict=True
    ):
        block = (chance, share, count)
        while blocks and blocks[-1][1] >= block[1]:
            block = _pooled(blocks.pop(), block)
        blocks.append(block)
    kept = [blocks[place] for place in _evenly(len(blocks))]
    return Confidence(
        told=tuple(round(chance, DIGITS) for chance, _, _ in kept),
        came_true=tuple(round(truth, DIGITS) for _, truth, _ in kept),
    )


def _pooled(left: tuple[float, float, int], right: tuple[float, float, int]) -> Any:
    rows = left[2] + right[2]
    chance = (left[0] * left[2] + right[0] * right[2]) / rows
    truth = (left[1] * left[2] + right[1] * right[2]) / rows
    return chance, truth, rows


def _evenly(count: int) -> list[int]:
    places = np.linspace(0, count - 1, min(count, MOST_KNOTS)).round()
    return [int(place) for place in np.unique(places)]
