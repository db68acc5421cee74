"""How the values of a version's training rows were spread: what drift is measured against.

A profile holds bins and how many rows were in each, never a row. Left out are text, fields with `pii`,
and those that no model sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.schema import Batch, Field, FieldType
from minerva.schema.batch import Column

MOST_ROWS = 100_000
"""Of more training rows so many, evenly spaced, are looked at: quantiles need no more."""
MOST_BINS = 10
ROWS_PER_BIN = 20
"""Fewer training rows make fewer bins: a share of few rows says little."""
MOST_KNOTS = 50
MOST_CATEGORIES = 20
SINGLE, PART = 5e-7, 1e-5
"""What two computations of one value may differ by: some last places of a single float, and that part
of how far all values are spread."""
LEAST_SHARE = 0.025
LEAST_ROWS = 5
"""A rarer category is counted with the other rare ones."""

Places = NDArray[np.intp]


@dataclass(frozen=True)
class FieldProfile:
    """One field's bins, and how many of the training rows were in each.

    Numbers, booleans and timestamps have `edges`: bin i holds what is at most edge i and above the one
    before, the next holds what is above all. Categories have `codes`: bin i holds code i, the next one
    all other categories. The last bin holds missing values.
    """

    name: str
    counts: tuple[int, ...]
    edges: tuple[float, ...] | None = None
    codes: tuple[int, ...] | None = None
    knots: tuple[float, ...] | None = None
    """Of numbers and timestamps: fifty quantiles, finer than the bins."""
    below: tuple[int, ...] | None = None
    """How many rows were at most each knot."""
    seen: tuple[float, ...] | None = None
    """Of a category every code that occurred; else the smallest and the largest value."""


@dataclass(frozen=True)
class Profile:
    """The training rows of one version."""

    rows: int
    fields: tuple[FieldProfile, ...]
    answered: int = 0
    """Held-out rows that the model answered, for the next."""
    outputs: tuple[FieldProfile, ...] = ()
    """How the model's answers to them were spread; see `answers.output_columns`."""


def profile_of(batch: Batch) -> Profile | None:
    """Return the profile of a version's training rows; None if there is nothing to watch."""
    rows = evenly(batch, MOST_ROWS)
    fields = tuple(
        field_profile(name, batch.schema.inputs[name], column)
        for name, column in rows.columns.items()
        if watchable(batch.schema.inputs[name])
    )
    return Profile(len(rows), fields) if fields and len(rows) else None


def watchable(field: Field) -> bool:
    """Tell whether a field's values may be profiled, and can."""
    return field.use and not field.pii and field.type is not FieldType.TEXT


def evenly(batch: Batch, most: int) -> Batch:
    """Return the batch, or `most` of its records, evenly spaced: its order must not matter."""
    if len(batch) <= most:
        return batch
    return batch.take(np.linspace(0, len(batch) - 1, most, dtype=np.intp))


def number_places(column: Column, edges: NDArray[np.float64]) -> Places:
    """Return the bin of each number."""
    places = np.searchsorted(edges, column)
    places[np.isnan(column)] = len(edges) + 1
    return places


def category_table(codes: NDArray[np.intp], categories: int) -> Places:
    """Return the bin of each code; the last entry, which code -1 finds, is that of missing values."""
    table = np.full(categories + 1, len(codes), dtype=np.intp)
    table[codes] = np.arange(len(codes))
    table[-1] = len(codes) + 1
    return table


def field_profile(
    name: str, field: Field, column: Column, *, computed: bool = False
) -> FieldProfile:
    """Return how the values of one column were spread.

    `computed`: equal values may come out a little different another time, as single floats do, so that
    no bound of a bin may be a value itself.
    """
    if field.type is FieldType.CATEGORY:
        codes = _frequent(column)
        places = category_table(codes, len(field.values))[column]
        seen = _plain(np.unique(column[column >= 0]))
        return FieldProfile(name, _counts(places, len(codes) + 2), codes=_plain(codes), seen=seen)
    if field.type is FieldType.BOOLEAN:
        edges = np.zeros(1)
        counts = _counts(number_places(column, edges), 3)
        return FieldProfile(name, counts, edges=_plain(edges), seen=_range(column))
    edges = _edges(column)
    knots = _quantiles(column[~np.isnan(column)], MOST_KNOTS + 1)
    ends = np.array(_range(column))
    if computed:
        edges, knots = _beyond(edges, column), _beyond(knots, column)
        ends = np.sort(np.concatenate([-_beyond(-ends[:1], column), _beyond(ends[1:], column)]))
    counts = _counts(number_places(column, edges), len(edges) + 2)
    below = np.searchsorted(np.sort(column), knots, side="right")  # sorting puts NaN last
    return FieldProfile(
        name, counts, _plain(edges), None, _plain(knots), _plain(below), _plain(ends)
    )


def _frequent(column: Column) -> NDArray[np.intp]:
    """Return the codes that deserve a bin of their own, ascending."""
    codes, counts = np.unique(column[column >= 0], return_counts=True)
    enough = counts >= max(LEAST_ROWS, LEAST_SHARE * len(column))
    codes, counts = codes[enough], counts[enough]
    most = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    return np.sort(codes[most]).astype(np.intp)


def _edges(column: Column) -> NDArray[np.float64]:
    """Return quantiles; one just below the smallest value too, where that has a bin for itself."""
    present = column[~np.isnan(column)]
    if not len(present):
        return np.empty(0)
    edges = _quantiles(present, min(max(len(present) // ROWS_PER_BIN, 2), MOST_BINS))
    lowest = present.min()
    if edges[0] == lowest:
        edges = np.concatenate([[math.nextafter(lowest, -math.inf)], edges])
    finite: NDArray[np.float64] = edges[np.isfinite(edges)]
    return finite


def _quantiles(present: Column, parts: int) -> NDArray[np.float64]:
    """Return the different values that divide a column into equal parts."""
    if not len(present):
        return np.empty(0)
    inner = np.linspace(0, 1, parts + 1)[1:-1]
    return np.unique(np.quantile(present, inner, method="inverted_cdf"))


def _beyond(bounds: NDArray[np.float64], column: Column) -> NDArray[np.float64]:
    """Return bounds that lie a little above the values that they are."""
    known = _range(column)
    spread = known[1] - known[0] if known else 0.0
    return bounds + SINGLE * np.abs(bounds) + PART * spread


def _range(column: Column) -> tuple[float, ...]:
    present = column[np.isfinite(column)]
    return (float(present.min()), float(present.max())) if len(present) else ()


def _counts(places: Places, bins: int) -> tuple[int, ...]:
    return _plain(np.bincount(places, minlength=bins))


def _plain(values: NDArray[Any]) -> tuple[Any, ...]:
    return tuple(values.tolist())
