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
MOST_CATEGORIES = 20
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


@dataclass(frozen=True)
class Profile:
    """The training rows of one version."""

    rows: int
    fields: tuple[FieldProfile, ...]


def profile_of(batch: Batch) -> Profile | None:
    """Return the profile of a version's training rows; None if there is nothing to watch."""
    rows = evenly(batch, MOST_ROWS)
    fields = tuple(
        _profile(name, batch.schema.inputs[name], column)
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


def _profile(name: str, field: Field, column: Column) -> FieldProfile:
    if field.type is FieldType.CATEGORY:
        codes = _frequent(column)
        places = category_table(codes, len(field.values))[column]
        return FieldProfile(name, _counts(places, len(codes) + 2), codes=_plain(codes))
    edges = np.zeros(1) if field.type is FieldType.BOOLEAN else _edges(column)
    places = number_places(column, edges)
    return FieldProfile(name, _counts(places, len(edges) + 2), edges=_plain(edges))


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
    bins = min(max(len(present) // ROWS_PER_BIN, 2), MOST_BINS)
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(present, inner, method="inverted_cdf"))
    lowest = present.min()
    if edges[0] == lowest:
        edges = np.concatenate([[math.nextafter(lowest, -math.inf)], edges])
    finite: NDArray[np.float64] = edges[np.isfinite(edges)]
    return finite


def _counts(places: Places, bins: int) -> tuple[int, ...]:
    return _plain(np.bincount(places, minlength=bins))


def _plain(values: NDArray[Any]) -> tuple[Any, ...]:
    return tuple(values.tolist())
