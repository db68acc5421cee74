"""For whom a model is worse: the same metric among the rows that have a value in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.drift.profile import watchable
from minerva.layers.abstraction.evaluation.measure import Measure
from minerva.schema import Field, FieldType
from minerva.schema.batch import Column

LEAST_ROWS = 50
"""Fewer rows with a value in common say nothing."""
MOST_GROUPS = 12
"""Of one field, the largest ones."""
MOST_FIELDS = 40
PARTS = 4
"""Numbers are parted into so many groups of the same size."""
DRAWS = 50
SIGMAS = 3.0
"""A group is worse than the whole if it is so many standard errors worse: many groups are looked at."""


@dataclass(frozen=True)
class Slice:
    """Rows with a value in common."""

    field: str
    group: str
    """The value, or the range of numbers, in words."""
    rows: int
    value: float
    """The metric among them."""
    worse: bool
    """Whether it is worse than among all rows by more than chance explains."""


def slices(measure: Measure, overall: float, spread: float | None) -> list[Slice]:
    """Return the groups that have enough rows, field by field.

    `overall` is the metric of all rows, `spread` its standard error for one row, if that is known: for
    n rows it is so much less by the square root of n.
    """
    found = []
    for name, group, indices in _groups(measure):
        value = measure.on(indices).get(measure.metric, math.nan)
        if not math.isfinite(value):
            continue
        by = measure.worse_by(value, overall)
        worse = spread is not None and by > SIGMAS * spread / math.sqrt(len(indices))
        worse = worse and by > SIGMAS * _error(measure, indices)
        found.append(Slice(name, group, len(indices), value, worse))
    return found


def _error(measure: Measure, indices: NDArray[np.intp]) -> float:
    """Return a group's own standard error: near its best, a metric varies less than where it is bad."""
    chance = np.random.default_rng(len(indices))
    draws = [measure.on(chance.choice(indices, len(indices))) for _ in range(DRAWS)]
    given = np.array([draw.get(measure.metric, math.nan) for draw in draws])
    return float(np.nanstd(given)) if np.isfinite(given).any() else math.inf


def worst(measure: Measure, found: list[Slice]) -> Slice | None:
    """Return the group that is worst of those that are worse than chance explains."""
    worse = [one for one in found if one.worse]
    return max(worse, key=lambda one: measure.worse_by(one.value, 0.0), default=None)


def _groups(measure: Measure) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    batch = measure.rows.inputs
    fields = [name for name, field in batch.schema.inputs.items() if watchable(field)]
    for name in fields[:MOST_FIELDS]:
        field, column = batch.schema.inputs[name], batch.columns[name]
        for group, rows in _of_field(field, column):
            if LEAST_ROWS <= len(rows) < len(measure.rows):
                yield name, group, rows


def _of_field(field: Field, column: Column) -> Iterator[tuple[str, NDArray[np.intp]]]:
    if field.type is FieldType.CATEGORY:
        yield from _of_category(field, column)
        return
    if field.type in {FieldType.BOOLEAN, FieldType.INTEGER, FieldType.NUMBER}:
        yield "missing", np.flatnonzero(np.isnan(column))
    if field.type is FieldType.BOOLEAN:
        yield from (
            (text, np.flatnonzero(column == value)) for text, value in (("no", 0), ("yes", 1))
        )
    elif field.type in {FieldType.INTEGER, FieldType.NUMBER}:
        yield from _of_numbers(column)


def _of_category(field: Field, column: Column) -> Iterator[tuple[str, NDArray[np.intp]]]:
    codes, counts = np.unique(column, return_counts=True)
    for code in codes[np.argsort(-counts, kind="stable")][:MOST_GROUPS].tolist():
        yield "missing" if code < 0 else str(field.values[code]), np.flatnonzero(column == code)


def _of_numbers(column: Column) -> Iterator[tuple[str, NDArray[np.intp]]]:
    present = column[~np.isnan(column)]
    if not len(present):
        return
    edges = np.unique(np.quantile(present, np.linspace(0, 1, PARTS + 1)))
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        last = high == edges[-1]
        inside = (column >= low) & ((column <= high) if last else (column < high))
        yield (
            f"{low:g} to {high:g}" if last else f"{low:g} to below {high:g}",
            np.flatnonzero(inside),
        )
