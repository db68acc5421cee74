"""A profile made ready to count with: all fields' bins in one row of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.drift.profile import (
    FieldProfile,
    Places,
    Profile,
    category_table,
    number_places,
    watchable,
)
from minerva.layers.abstraction.drift.psi import Numbers, expected_shares
from minerva.schema import Batch, FieldType, Schema
from minerva.schema.batch import Column

Place = Callable[[Column], Places]
Counts = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one version, field after field."""

    names: tuple[str, ...]
    places: tuple[Place, ...]
    """Per field, what tells the bin of each value."""
    starts: NDArray[np.intp]
    """Where each field's bins begin."""
    sizes: NDArray[np.intp]
    expected: Numbers
    """Share of the training rows in each bin."""
    trained: int

    @classmethod
    def of(cls, profile: Profile, schema: Schema) -> Self:
        """Make a profile ready. Raises ValueError if it is none of this schema."""
        if profile.rows < 1 or not profile.fields:
            raise ValueError("a profile of nothing")
        sizes = np.array([len(field.counts) for field in profile.fields], dtype=np.intp)
        return cls(
            tuple(field.name for field in profile.fields),
            tuple(_place(field, schema) for field in profile.fields),
            np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp),
            sizes,
            np.concatenate([expected_shares(np.array(one.counts)) for one in profile.fields]),
            profile.rows,
        )

    def count(self, batches: Sequence[Batch]) -> Counts:
        """Return how many of the batches' rows are in each bin, int of shape (all fields' bins,)."""
        counts = []
        for name, place, size in zip(self.names, self.places, self.sizes, strict=True):
            column = np.concatenate([batch.columns[name] for batch in batches])
            counts.append(np.bincount(place(column), minlength=size))
        return np.concatenate(counts)


def _place(profile: FieldProfile, schema: Schema) -> Place:
    field = schema.inputs.get(profile.name)
    if field is None or not watchable(field):
        raise ValueError("a field that is not watched")
    is_category = field.type is FieldType.CATEGORY
    bounds = profile.codes if is_category else profile.edges
    if bounds is None or len(profile.counts) != len(bounds) + 2 or min(profile.counts) < 0:
        raise ValueError("bins that do not fit the field")
    if not is_category:
        edges = np.array(bounds, dtype=np.float64)
        return lambda column: number_places(column, edges)
    codes = np.array(bounds, dtype=np.intp)
    if len(codes) and not (codes.min() >= 0 and codes.max() < len(field.values)):
        raise ValueError("categories that the field does not have")
    table = category_table(codes, len(field.values))
    return lambda column: table[column]
