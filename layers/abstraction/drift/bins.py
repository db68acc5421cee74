"""A profile made ready to count with: all fields' bins in one row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.drift.profile import (
    FieldProfile,
    Places,
    Profile,
    category_table,
    watchable,
)
from minerva.layers.abstraction.drift.psi import Numbers, expected_shares
from minerva.schema import Batch, Field, FieldType, Schema
from minerva.schema.batch import concatenate

Counts = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class NumberBins:
    """The bins of all fields that are numbers, side by side: they are counted together."""

    names: tuple[str, ...]
    edges: NDArray[np.float64]
    """Per field its edges, shape (fields, most edges); infinity where it has fewer."""
    missing: NDArray[np.intp]
    """Per field the place of missing values."""
    starts: NDArray[np.intp]
    """Where each field's bins begin among those of all fields."""

    @classmethod
    def of(cls, fields: Sequence[FieldProfile], starts: Sequence[int]) -> Self:
        """Put the edges of fields side by side."""
        edges = [field.edges or () for field in fields]
        most = max(map(len, edges), default=0)
        padded = [[*one, *[np.inf] * (most - len(one))] for one in edges]
        return cls(
            tuple(field.name for field in fields),
            np.array(padded, np.float64).reshape(len(fields), most),
            np.array([len(one) + 1 for one in edges], np.intp),
            np.array(starts, np.intp),
        )

    def places(self, batch: Batch) -> NDArray[np.intp]:
        """Return the bins of all values, among those of all fields."""
        values = np.array([batch.columns[name] for name in self.names], np.float64)
        places = np.zeros(values.shape, np.intp)
        for edge in self.edges.T:
            places += values > edge[:, None]
        places = np.where(np.isnan(values), self.missing[:, None], places)
        return (places + self.starts[:, None]).ravel()


@dataclass(frozen=True, eq=False)
class CategoryBins:
    """The bins of one category."""

    name: str
    places: Places
    """Per code its bin among those of all fields; the last is that of missing values."""

    @classmethod
    def of(cls, profile: FieldProfile, categories: int, start: int) -> Self:
        """Make a profile ready."""
        codes = np.array(profile.codes, dtype=np.intp)
        return cls(profile.name, category_table(codes, categories) + start)


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one version, field after field."""

    names: tuple[str, ...]
    numbers: NumberBins
    categories: tuple[CategoryBins, ...]
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
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        numbers, categories = [], []
        for one, start in zip(profile.fields, starts.tolist(), strict=True):
            field = _checked(one, schema)
            if field.type is FieldType.CATEGORY:
                categories.append(CategoryBins.of(one, len(field.values), start))
            else:
                numbers.append((one, start))
        return cls(
            tuple(field.name for field in profile.fields),
            NumberBins.of([one for one, _ in numbers], [start for _, start in numbers]),
            tuple(categories),
            starts,
            sizes,
            np.concatenate([expected_shares(np.array(one.counts)) for one in profile.fields]),
            profile.rows,
        )

    def count(self, batches: Sequence[Batch]) -> Counts:
        """Return how many of the batches' rows are in each bin, int of shape (all fields' bins,)."""
        whole = concatenate(batches)
        places = [one.places[whole.columns[one.name]] for one in self.categories]
        if self.numbers.names:
            places.append(self.numbers.places(whole))
        return np.bincount(np.concatenate(places), minlength=int(self.sizes.sum()))


def _checked(profile: FieldProfile, schema: Schema) -> Field:
    """Return the field of a profile. Raises ValueError if it is not the profile's."""
    field = schema.inputs.get(profile.name)
    if field is None or not watchable(field):
        raise ValueError("a field that is not watched")
    is_category = field.type is FieldType.CATEGORY
    bounds = profile.codes if is_category else profile.edges
    if bounds is None or len(profile.counts) != len(bounds) + 2 or min(profile.counts) < 0:
        raise ValueError("bins that do not fit the field")
    if is_category and not all(0 <= code < len(field.values) for code in bounds):
        raise ValueError("categories that the field does not have")
    return field
