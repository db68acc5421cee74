"""JSON straight into typed columns: for documents in which every record is as it should be.

A schema is compiled into a type that the JSON decoder fills natively, so a valid record never becomes
a dictionary. Nothing here says what is wrong with a document: whatever is unusual (a number beyond 2^53,
a mistake) is left to `Decoder.records`, which accepts or refuses it by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.schema.batch import Batch, Column, TableColumns
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC, Field, FieldType
from minerva.schema.schema import Schema


class ReadValues(Protocol):
    """Reads JSON values of one field."""

    def __call__(self, name: str, values: Sequence[Any]) -> Column | None:
        """Return the column, or None if a value is missing or does not fit."""


class Straight(NamedTuple):
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
        self._may_lack = [*self._others, *([schema.key] if schema.key else [])]
        self._named = [*numbers, *self._may_lack]
        self._width, self._features = len(self._named), schema.features
        self._places = self._places_in_table()
        self._columns = {name: at for at, name in enumerate(self._features)}
        document = _document(numbers, self._may_lack)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(document)
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
        rows = list(map(msgspec.structs.astuple, records))
        members = 1 + count * self._width
        if len(self._numbers) == self._width:
            table = np.fromiter(chain.from_iterable(rows), np.float64, count * self._width)
            batch = self._of_table(table.reshape(count, -1))
            return None if batch is None else Straight(batch, members)
        told = dict(zip(self._named, zip(*rows, strict=True), strict=True))
        left_out = sum(told[name].count(msgspec.UNSET) for name in self._may_lack)
        numbers = np.array([told[name] for name in self._numbers], np.float64)
        table = numbers.reshape(-1, count).T
        keys = self._keys_of(told)
        if not self._fits(table) or keys is msgspec.UNSET:
            return None
        columns: dict[str, Column] = dict(zip(self._numbers, table.T, strict=True))
        for name in self._others:
            column = self._read(name, told[name])
            if column is None:
                return None
            columns[name] = column
        used = {name: columns[name] for name in self._features}
        side_by_side = None if self._places is None else table[:, self._places]
        batch = Batch(self._schema, used, count, keys, side_by_side)
        return Straight(batch, members - left_out)

    def of_matrix(self, matrix: NDArray[Any]) -> Batch | None:
        """Return a batch of numbers, shape (n, features), None if it is not wholly usual."""
        plain = len(self._features) == len(self._numbers) == self._width
        if not plain or matrix.dtype.kind not in "iuf" or not len(matrix):
            return None
        return self._of_table(matrix.astype(np.float64))

    def _of_table(self, table: Column) -> Batch | None:
        """Return a batch of nothing but numbers, shape (n, fields), None if one does not fit."""
        if not self._fits(table):
            return None
        if self._places is None:  # none of them is used
            return Batch(self._schema, {}, len(table))
        used = table[:, self._places]
        return Batch(self._schema, TableColumns(self._columns, used), len(table), None, used)

    def _places_in_table(self) -> slice | list[int] | None:
        """Return where the features stand in a table of the numbers, None if not all are numbers."""
        features = list(self._features)
        if features == self._numbers:
            return slice(None)
        if not features or not set(features) <= set(self._numbers):
            return None
        return [self._numbers.index(name) for name in features]

    def _keys_of(self, told: dict[str, tuple[Any, ...]]) -> Any:
        """Return the keys, None if there are none to be told, UNSET if one does not fit."""
        if self._schema.key is None:
            return None
        keys = [None if key is msgspec.UNSET else key for key in told[self._schema.key]]
        return keys if {str, int, type(None)}.issuperset(map(type, keys)) else msgspec.UNSET

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


def _document(numbers: Sequence[str], others: Sequence[str]) -> type[msgspec.Struct]:
    """Return the type of a document: each number is required, of the rest some may be left out."""
    fields: list[Any] = [
        (f"m{at}", float, msgspec.field(name=name)) for at, name in enumerate(numbers)
    ]
    fields += [
        (f"m{at}", Any, msgspec.field(name=name, default=msgspec.UNSET))
        for at, name in enumerate(others, len(numbers))
    ]
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=bool(others))
    return msgspec.defstruct("Document", [("records", list[record])], forbid_unknown_fields=True)  # type: ignore[valid-type]
