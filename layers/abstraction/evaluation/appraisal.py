"""All that is told of a version's quality beside its metrics, as its manifest holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from minerva.algorithm import Model, Predictions, TrainingData
from minerva.layers.abstraction.evaluation.calibration import Calibration, calibration
from minerva.layers.abstraction.evaluation.importance import importance
from minerva.layers.abstraction.evaluation.intervals import intervals
from minerva.layers.abstraction.evaluation.measure import Measure
from minerva.layers.abstraction.evaluation.slices import slices, worst
from minerva.layers.abstraction.problems.kind import missing
from minerva.schema import FieldType

DIGITS = 6
WIDTH = 2 * 1.96
"""Standard errors in a 95 % interval."""
MOST_ROWS = 20_000
"""Of more held-out rows so many, chosen at random, are parted into groups."""


def appraise(
    model: Model, measure: Measure, metrics: Mapping[str, float], seed: int
) -> dict[str, Any]:
    """Return intervals, slices, calibration and importances as plain JSON; equal for equal inputs.

    Raises what the model raises when it is asked again.
    """
    sure = intervals(measure, dict(metrics), seed)
    ends = sure.get(measure.metric)
    spread = None if ends is None else (ends[1] - ends[0]) / WIDTH * math.sqrt(len(measure.rows))
    groups = slices(_some(measure, seed), metrics[measure.metric], spread)
    told = {
        "metric": measure.metric,
        "smaller_is_better": measure.smaller_is_better,
        "intervals": sure,
        "slices": groups,
        "worst": worst(measure, groups),
        "calibration": _calibrated(measure.rows, measure.outputs),
        "importance": importance(model, measure, seed),
    }
    plain: dict[str, Any] = _rounded(msgspec.to_builtins(told))
    return plain


def _some(measure: Measure, seed: int) -> Measure:
    rows = len(measure.rows)
    if rows <= MOST_ROWS:
        return measure
    return measure.of(np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_ROWS]))


def _calibrated(rows: TrainingData, outputs: Predictions) -> Calibration | None:
    name, field = rows.inputs.schema.target()
    if name not in rows.targets:
        return None
    if field.type not in {FieldType.BOOLEAN, FieldType.CATEGORY}:
        return None
    known = np.flatnonzero(~missing(rows.target(), field))
    chances = np.asarray(outputs[name], dtype=np.float64)[known]
    truth = rows.target()[known].astype(np.int64)
    if field.type is FieldType.BOOLEAN:
        return calibration(np.column_stack([1 - chances, chances]), truth, ("no", "yes"))
    if chances.ndim == 1:
        return None
    return calibration(chances, truth, tuple(map(str, field.values)))


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, DIGITS)
        case dict():
            return {name: _rounded(one) for name, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value
