"""Inputs beside those that play a part (a time, a group, a user): as numbers, if there are any."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, Context, FieldType, InvalidConfiguration, Schema
from minerva.errors import Fault
from minerva.layers.application.catalogue.features import Features, Matrix


@dataclass(frozen=True, eq=False)
class Beside:
    """The other inputs of a schema."""

    parts: Collection[str]
    """The inputs that play a part, which are left out."""
    features: Features | None
    """None if no other is used."""

    @classmethod
    def fitted(cls, batch: Batch, parts: Collection[str]) -> Beside:
        """Look at the rows that are learnt from. Raises InvalidData for texts among the others."""
        others = without(batch, parts)
        return cls(parts, None if others is None else Features.fitted(others))

    @classmethod
    def kept(
        cls, schema: Schema, arrays: Mapping[str, NDArray[Any]], parts: Collection[str]
    ) -> Beside:
        """Read `arrays` back. Raises InvalidData if they are another schema's."""
        others = _schema_without(schema, parts)
        if not others.features:
            return cls(parts, None)
        return cls(parts, Features.kept(others, arrays, scaled=True))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `kept` needs, beside the schema."""
        return {} if self.features is None else self.features.arrays()

    def matrix(self, batch: Batch) -> Matrix:
        """Return shape (n, width), nothing missing; width 0 if there are no others."""
        others = without(batch, self.parts)
        if self.features is None or others is None:
            return np.empty((len(batch), 0))
        return self.features.matrix(others)


def without(batch: Batch, parts: Collection[str]) -> Batch | None:
    """Return a batch without some of its inputs; None if none is left."""
    schema = _schema_without(batch.schema, parts)
    if not schema.features:
        return None
    return Batch(schema, {name: batch[name] for name in schema.features}, len(batch), batch.keys)


def names(batch: Batch, field: str) -> NDArray[np.str_]:
    """Return a column as texts, equal where its values are; what is missing is empty."""
    column = batch[field]
    match batch.schema.inputs[field].type:
        case FieldType.TEXT:
            return np.array([value or "" for value in column.tolist()], dtype=str)
        case FieldType.CATEGORY:
            values = [*map(str, batch.schema.inputs[field].values), ""]
            return np.array(values, dtype=str)[column]
        case _:
            return np.array(["" if v != v else f"{v:.17g}" for v in column.tolist()], dtype=str)  # noqa: PLR0124 - NaN is the one value that differs from itself


def places(known: NDArray[np.str_], asked: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return where each asked name stands in `known`, which is sorted; -1 for one that is not there."""
    if not len(known):
        return np.full(len(asked), -1)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, at, -1)


def members(groups: NDArray[Any], count: int) -> list[NDArray[np.intp]]:
    """Return the rows of each of `count` groups, which are numbered from 0, in order."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.cumsum(np.bincount(groups, minlength=count))[:-1])


def part(context: Context, role: str) -> str:
    """Return the input that plays a part. Raises InvalidConfiguration if it is none that is used."""
    name: str = getattr(context.parameters, role)
    if name not in context.schema.features:
        raise InvalidConfiguration(
            f"The parameter {role!r} names no input that is used.",
            faults=[Fault(f"/parameters/{role}", f"{name!r} is no input that is used")],
        )
    return name


def _schema_without(schema: Schema, parts: Collection[str]) -> Schema:
    inputs = {name: field for name, field in schema.inputs.items() if name not in parts}
    return Schema(inputs, schema.output, schema.key)
