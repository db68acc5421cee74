"""From fields to the numbers that linear models, distances and networks need.

Fitted on the rows that are learnt from, kept with the model: a number is filled (median) and brought to
mean 0 and deviation 1, a category becomes one column for each value. Where a field was missing at times,
a column more tells where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, FieldType, InvalidData, Schema
from minerva.errors import Fault
from minerva.layers.application.scaling import Scaling, bounded

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """How a batch becomes a matrix, shape (n, width)."""

    scaling: Scaling
    """Of the numbers, in their order."""
    gaps: NDArray[np.bool_]
    """Which numbers were missing at times; shape (numbers,)."""
    categories: Sequence[tuple[str, int]]
    """Name and count of values."""
    numbers: Sequence[str]
    scaled: bool
    """Whether numbers are brought to mean 0 and deviation 1; else they stay as they are."""

    @classmethod
    def fitted(cls, batch: Batch, *, scaled: bool = True) -> Features:
        """Look at the rows that are learnt from. Raises InvalidData if there is nothing to look at."""
        names = numbers_in(batch.schema)
        table = _table(batch, names)
        gaps = np.asarray(np.isnan(table).any(axis=0))
        return cls.of(batch.schema, Scaling.fitted(table), gaps, scaled=scaled)

    @classmethod
    def of(
        cls, schema: Schema, scaling: Scaling, gaps: NDArray[np.bool_], *, scaled: bool
    ) -> Features:
        """Return what was kept of an earlier fitting."""
        kinds = {name: schema.inputs[name] for name in schema.features}
        categories = [
            (name, len(field.values))
            for name, field in kinds.items()
            if field.type is FieldType.CATEGORY
        ]
        return cls(scaling, gaps, categories, numbers_in(schema), scaled)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `of` needs, beside the schema."""
        of = self.scaling
        named = {"fill": of.fill, "mean": of.mean, "scale": of.scale, "gaps": self.gaps}
        return {f"features.{name}": array for name, array in named.items()}

    @classmethod
    def kept(cls, schema: Schema, arrays: Mapping[str, NDArray[Any]], *, scaled: bool) -> Features:
        """Read `arrays` back. Raises InvalidData if they are another schema's."""
        names = ("fill", "mean", "scale", "gaps")
        named = {name: arrays.get(f"features.{name}", np.empty(())) for name in names}
        if any(one.shape != (len(numbers_in(schema)),) for one in named.values()):
            raise InvalidData("The model's files are damaged.")
        gaps = named.pop("gaps")
        return cls.of(schema, Scaling(**named), gaps, scaled=scaled)

    def matrix(self, batch: Batch) -> Matrix:
        """Return a batch as numbers, nothing missing."""
        table = _table(batch, self.numbers)
        missing = np.isnan(table)
        numbers = self.scaling.filled(table)
        if self.scaled:
            numbers = self.scaling.scaled(numbers)
        parts = [numbers, missing[:, self.gaps].astype(np.float64)]
        for name, count in self.categories:
            parts.append((batch[name][:, np.newaxis] == np.arange(count)).astype(np.float64))
        return np.concatenate(parts, axis=1)

    def by_field(self, per_column: Matrix, schema: Schema) -> Matrix:
        """Add up what belongs to one field: shape (n, width) becomes (n, features)."""
        owners = [
            *self.numbers,
            *(n for n, gap in zip(self.numbers, self.gaps, strict=True) if gap),
        ]
        owners += [name for name, count in self.categories for _ in range(count)]
        summed = np.zeros((len(per_column), len(schema.features)))
        places = {name: at for at, name in enumerate(schema.features)}
        for column, owner in zip(per_column.T, owners, strict=True):
            summed[:, places[owner]] += column
        return summed


def numbers_in(schema: Schema) -> list[str]:
    """Return the features that are numbers here. Raises InvalidData for text, and if there are none."""
    texts = [name for name in schema.features if schema.inputs[name].type is FieldType.TEXT]
    if texts:
        raise InvalidData(
            "This algorithm cannot learn from text: set `use: false` on it, make it a category, or "
            "choose text.classifier.",
            faults=[Fault(f"/schema/inputs/{name}", "is text") for name in texts],
        )
    if not schema.features:
        raise InvalidData("Every input has `use: false`: there is nothing to learn from.")
    fields = schema.inputs
    return [name for name in schema.features if fields[name].type is not FieldType.CATEGORY]


def _table(batch: Batch, names: Sequence[str]) -> Matrix:
    columns = [bounded(batch[name]) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(batch), 0))
