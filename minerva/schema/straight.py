"""JSON straight into typed columns: for documents in which every record is as it should be.

A schema is compiled into a type that the JSON decoder fills natively, so a valid record never becomes
a dictionary. Nothing here says what is wrong with a document: whatever is unusual (a member left out, a
number beyond 2^53, a mistake) is left to `Decoder.records`, which accepts or refuses it by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import msgspec
import numpy as np

from minerva.schema.batch import Batch, Column
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC, Field, FieldType
from minerva.schema.schema import Schema


class ReadValues(Protocol):
    """Reads JSON values of one field."""

    def __call__(self, name: str, values: Sequence[Any]) -> Column | None:
        """Return the column, or None if a value is missing or does not fit."""


@dataclass(frozen=True)
class Straight:
    """What a document says, and how many members its objects have together."""

    batch: Batch
    members: int


class StraightDecoder:
    """Reads documents `{"records": […]}` of one schema; immutable, shared between threads."""

    def __init__(self, schema: Schema, read: ReadValues) -> None:
        self._schema, self._read = schema, read
        numbers = [name for name, field in schema.inputs.items() if _is_plain_number(field)]
        self._numbers = numbers
        self._others = [name for name in schema.inputs if name not in numbers]
        named = [*numbers, *self._others, *([schema.key] if schema.key else [])]
        self._width = len(named)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
            _document(named, len(numbers))
        )
        fields = [schema.inputs[name] for name in numbers]
        self._whole = [at for at, one in enumerate(fields) if one.type is FieldType.INTEGER]
        low = [-math.inf if one.minimum is None else one.minimum for one in fields]
        high = [math.inf if one.maximum is None else one.maximum for one in fields]
        exact = float(np.nextafter(MAX_EXACT_INTEGER, 0))  # an integer beyond is no longer itself
        self._low, self._high = np.maximum(low, -exact), np.minimum(high, exact)

    def read(self, document: bytes) -> Straight | None:
        """Return what a document says, None if it is not wholly usual."""
        try:
            records = self._decoder.decode(document).records
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        count = len(records)
        if not count:
            return None
        columns = self._columns(list(map(msgspec.structs.astuple, records)))
        if columns is None:
            return None
        keys = columns.pop(self._schema.key, None) if self._schema.key else None
        used = {name: columns[name] for name in self._schema.features}
        return Straight(Batch(self._schema, used, count, keys), 1 + count * self._width)

    def _columns(self, rows: list[tuple[Any, ...]]) -> dict[str, Any] | None:
        """Return every field's column and the keys, None if a value does not fit."""
        columns: dict[str, Any] = {}
        width = len(self._numbers)
        if width == self._width:
            matrix = np.fromiter(chain.from_iterable(rows), np.float64, len(rows) * width)
            table = matrix.reshape(-1, width)
        else:
            values = list(zip(*rows, strict=True))
            table = np.array(values[:width], np.float64).reshape(width, -1).T
            for name, told in zip(self._others, values[width:], strict=False):
                column = self._read(name, told)
                if column is None:
                    return None
                columns[name] = column
            if self._schema.key:
                if not {str, int, type(None)}.issuperset(map(type, values[-1])):
                    return None
                columns[self._schema.key] = list(values[-1])
        if not self._fits(table):
            return None
        columns.update(zip(self._numbers, table.T, strict=True))
        return columns

    def _fits(self, table: Column) -> bool:
        """Tell whether numbers, shape (n, fields), are within bounds, and whole where they must be."""
        if not self._numbers:
            return True
        if not (table >= self._low).all() or not (table <= self._high).all():
            return False
        whole = table[:, self._whole] if self._whole else None
        return whole is None or bool((np.floor(whole) == whole).all())


def _is_plain_number(field: Field) -> bool:
    return field.type in NUMERIC and field.required


def _document(names: Sequence[str], numbers: int) -> type[msgspec.Struct]:
    """Return the type of a document: numbers first, then whatever else, each member required."""
    fields = [
        (f"m{at}", float if at < numbers else Any, msgspec.field(name=name))
        for at, name in enumerate(names)
    ]
    record = msgspec.defstruct(
        "Record", fields, forbid_unknown_fields=True, gc=numbers < len(names)
    )
    return msgspec.defstruct("Document", [("records", list[record])], forbid_unknown_fields=True)  # type: ignore[valid-type]
