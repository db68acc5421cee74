"""The kinds of value that an expression can have, and how fields and literals get theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from minerva import Batch, Field, FieldType
from minerva.layers.application.rules.columns import Column, repeated
from minerva.schema.field import Scalar


class Kind(StrEnum):
    """What an expression gives; the values read well in messages."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "a condition"
    MOMENT = "a timestamp"


@dataclass(frozen=True)
class Compiled:
    """A checked expression that can be run on a batch."""

    kind: Kind
    run: Callable[[Batch], Column]
    optional: bool = False
    """Whether a value may be missing."""
    values: tuple[Scalar, ...] | None = None
    """All that it can be, if it is a category."""
    literal: Scalar | None = None
    field: str | None = None
    """Name of the input, if it is nothing but that."""


def literal(value: Scalar) -> Compiled:
    """Compile a constant."""
    return Compiled(kind_of(value), lambda batch: repeated(value, len(batch)), literal=value)


def moment(seconds: float) -> Compiled:
    """Compile a constant timestamp, in seconds since 1970-01-01 UTC."""
    return Compiled(Kind.MOMENT, lambda batch: repeated(seconds, len(batch)))


def field(name: str, declared: Field) -> Compiled | None:
    """Compile an input; None for a category whose values are of more than one kind."""
    if declared.type is FieldType.CATEGORY:
        return _category(name, declared)
    kinds = {
        FieldType.BOOLEAN: Kind.TRUTH,
        FieldType.TEXT: Kind.TEXT,
        FieldType.TIMESTAMP: Kind.MOMENT,
    }
    kind = kinds.get(declared.type, Kind.NUMBER)
    return Compiled(kind, lambda batch: batch[name], declared.nullable, field=name)


def kind_of(value: Scalar) -> Kind:
    """Return the kind of a plain value."""
    if isinstance(value, bool):
        return Kind.TRUTH
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER


def _category(name: str, declared: Field) -> Compiled | None:
    kinds = {kind_of(value) for value in declared.values}
    if len(kinds) > 1:
        return None
    kind = kinds.pop()
    if kind is Kind.TEXT:
        table = np.array([*declared.values, None], dtype=object)  # index -1, missing, is the last
    else:
        table = np.array([*map(float, declared.values), np.nan])
    return Compiled(
        kind, lambda batch: table[batch[name]], declared.nullable, declared.values, field=name
    )
