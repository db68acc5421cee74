"""What a model goes by: how much worse its answers are if one field's values are exchanged among rows.

Permutation importance on held-out rows (Breiman 2001; Fisher et al. 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from minerva.algorithm import Model
from minerva.layers.abstraction.evaluation.measure import Measure
from minerva.schema import Batch

MOST_ROWS = 500
MOST_FIELDS = 100


@dataclass(frozen=True)
class Importance:
    """How much a model needs a field."""

    field: str
    worse_by: float
    """So much worse the metric is without it."""


def importance(model: Model, measure: Measure, seed: int) -> list[Importance]:
    """Return how much each field is needed, most first.

    Empty if the rows do not give the metric. Raises what the model raises.
    """
    chance = np.random.default_rng(seed)
    sample = np.sort(chance.permutation(len(measure.rows))[:MOST_ROWS])
    rows = measure.rows.take(sample)
    whole = measure.evaluate(rows, model.predict(rows.inputs)).get(measure.metric, math.nan)
    found = {}
    for name in rows.inputs.schema.features[:MOST_FIELDS]:
        exchanged = _exchanged(rows.inputs, name, chance)
        value = measure.evaluate(rows, model.predict(exchanged)).get(measure.metric, math.nan)
        found[name] = measure.worse_by(value, whole)
    finite = [Importance(name, by) for name, by in found.items() if math.isfinite(by)]
    return sorted(finite, key=lambda one: -one.worse_by)


def _exchanged(batch: Batch, name: str, chance: np.random.Generator) -> Batch:
    order = chance.permutation(len(batch))
    return Batch(batch.schema, {**batch.columns, name: batch.columns[name][order]}, len(batch))
