"""The compiled decoder: JSON records in, typed columns out, or every fault with its JSON pointer.

A field's column is first read as a whole; single values are looked at, and what tells their faults is
made, only when that fails, so valid input pays for no error handling. A process holds one decoder for each
version that it serves, so a decoder keeps little: what reads numbers is the same for all fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.errors import Fault, InvalidInput
from minerva.schema.batch import Batch, Column
from minerva.schema.columns import (
    Columns,
    ReadArray,
    Values,
    Where,
    array_reader,
    filled,
    plain,
    rows_of,
)
from minerva.schema.field import Field, FieldType
from minerva.schema.schema import Schema
from minerva.schema.straight import StraightDecoder
from minerva.schema.value import checker, kind, seconds, tagged
from minerva.spelling import doubt

MAX_FAULTS = 20
"""A caller gets so many faults at most; the first ones are the useful ones."""

_ABSENT: Any = msgspec.UNSET
_PLAIN_NUMBERS = ({float}, {int}, {int, float})

ReadColumn = Callable[[Field, Sequence[Any]], Column]
"""Raises _Rejected if any value does not fit the field."""


class _Rejected(Exception):
    """A column holds a value that does not fit."""


class Decoder:
    """Decodes records of one schema; immutable, shared between threads."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._known = frozenset(schema.inputs) | ({schema.key} if schema.key else set())
        self._read_list = {name: _reader(field) for name, field in schema.inputs.items()}
        self.straight = StraightDecoder(schema, self._list_column)

    @cached_property
    def _read_array(self) -> Mapping[str, ReadArray]:
        """Made for the first call that brings arrays: most services are never asked so."""
        return {name: array_reader(field) for name, field in self.schema.inputs.items()}

    def records(self, records: Sequence[Any], where: str = "/records") -> Batch:
        """Turn JSON objects into a Batch of the same order.

        Raises InvalidInput with up to 20 faults, `where` being `<where>/<row>/<field>`.
        """
        faults = self._strangers(records, where)
        columns: dict[str, Column] = {}
        keys: list[Any] | None = None
        if not faults:
            keys = self._keys(records, where, faults)
            for name, field in self.schema.inputs.items():
                values = [record.get(name, _ABSENT) for record in records]
                filled, absent = _fill(field, values)
                try:
                    if absent:
                        raise _Rejected  # noqa: TRY301 - one path for whatever is wrong
                    column = self._read_list[name](field, filled)
                except _Rejected:
                    faults.extend(_faults(field, values, _place(where, name)))
                    continue
                if field.use:
                    columns[name] = column
        if faults:
            raise InvalidInput("The records do not fit the schema.", faults=faults[:MAX_FAULTS])
        return Batch(self.schema, columns, len(records), keys)

    def columns(self, columns: Columns, where: Where | None = None) -> Batch:
        """Turn columns into a Batch of the same order; the module `columns` says how arrays are read.

        Raises InvalidInput with up to 20 faults, placed by `where`; None: as those of `records`.
        """
        place, rows = where or in_records, rows_of(columns)
        faults = self._misplaced(columns, rows, place)
        read: dict[str, Column] = {}
        keys: list[Any] | None = None
        if not faults:
            keys = self._key_column(columns, rows, place, faults)
            for name in self.schema.inputs:
                column = self._column(name, columns, rows)
                if column is None:
                    faults.extend(self._faults_of(name, columns[name], place))
                elif self.schema.inputs[name].use:
                    read[name] = column
        if faults:
            raise InvalidInput("The records do not fit the schema.", faults=faults[:MAX_FAULTS])
        return Batch(self.schema, read, rows, keys)

    def plain(self, columns: Columns) -> list[dict[str, Any]]:
        """Return the JSON records that columns stand for; what does not fit stays as it is."""
        told = {
            name: plain(self.schema.inputs[name], values)
            if name in self.schema.inputs
            else [*values]
            for name, values in columns.items()
        }
        return [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)]

    def _strangers(self, records: Sequence[Any], where: str) -> list[Fault]:
        """Find what is no object, or has members that the schema does not know."""
        faults: list[Fault] = []
        for row, record in enumerate(records):
            if type(record) is not dict:
                faults.append(Fault(f"{where}/{row}", f"expected an object, got {kind(record)}"))
            elif not self._known.issuperset(record):
                unknown = (name for name in record if name not in self._known)
                faults.extend(
                    Fault(f"{where}/{row}/{pointer(name)}", self._unknown(name))
                    for name in islice(unknown, MAX_FAULTS)
                )
            if len(faults) >= MAX_FAULTS:
                break
        return faults

    def _unknown(self, name: str) -> str:
        return f"not a field of this service{doubt(name, self._known)}"

    def _misplaced(self, columns: Columns, rows: int, where: Where) -> list[Fault]:
        """Find columns that the schema does not know, that are missing, or differ in length."""
        faults = [
            Fault(where(name, None), self._unknown(name))
            for name in columns
            if name not in self._known
        ]
        faults.extend(
            Fault(where(name, None), f"has {len(values)} values, the first field has {rows}")
            for name, values in columns.items()
            if len(values) != rows
        )
        faults.extend(
            Fault(where(name, None), "is missing")
            for name, field in self.schema.inputs.items()
            if field.required and name not in columns
        )
        return faults

    def _column(self, name: str, columns: Columns, rows: int) -> Column | None:
        """Return a field's column; None if a value does not fit."""
        field, values = self.schema.inputs[name], columns.get(name)
        if values is None:
            return filled(field, rows)
        if isinstance(values, np.ndarray):
            column = self._read_array[name](values)
            if column is not None:
                return column
            values = plain(field, values)
        return self._list_column(name, values)

    def _list_column(self, name: str, values: Sequence[Any]) -> Column | None:
        field = self.schema.inputs[name]
        values, absent = _fill(field, list(values))
        try:
            return None if absent else self._read_list[name](field, values)
        except _Rejected:
            return None

    def _faults_of(self, name: str, values: Values, where: Where) -> list[Fault]:
        field = self.schema.inputs[name]
        return _faults(field, plain(field, values), lambda row: where(name, row))

    def _keys(self, records: Sequence[Any], where: str, faults: list[Fault]) -> list[Any] | None:
        key = self.schema.key
        if key is None:
            return None
        keys = [record.get(key) for record in records]
        faults.extend(_wrong_keys(keys, _place(where, key)))
        return keys

    def _key_column(
        self, columns: Columns, rows: int, where: Where, faults: list[Fault]
    ) -> list[Any] | None:
        key = self.schema.key
        if key is None:
            return None
        values = columns.get(key, [None] * rows)
        keys = values.tolist() if isinstance(values, np.ndarray) else list(values)
        faults.extend(_wrong_keys(keys, lambda row: where(key, row)))
        return keys


def in_records(name: str, row: int | None) -> str:
    """Tell places as those of records: `/records/<row>/<field>`, `/records/<field>` for all rows."""
    return "/records/" + ("" if row is None else f"{row}/") + pointer(name)


def _place(where: str, name: str) -> Callable[[int], str]:
    return lambda row: f"{where}/{row}/{pointer(name)}"


def _wrong_keys(keys: Sequence[Any], place: Callable[[int], str]) -> list[Fault]:
    wrong = (
        Fault(place(row), f"expected text or integer, got {kind(value)}")
        for row, value in enumerate(keys)
        if not (value is None or type(value) is str or type(value) is int)
    )
    return list(islice(wrong, MAX_FAULTS))


def pointer(name: str) -> str:
    """Escape one JSON pointer token (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _fill(field: Field, values: list[Any]) -> tuple[list[Any], bool]:
    """Put the default (or None, if nullable) where a value is missing; tell if one must not be."""
    if _ABSENT not in values and None not in values:
        return values, False
    if field.required:
        return values, True
    if field.default is None:
        return [None if value is _ABSENT else value for value in values], False
    return [
        field.default if value is _ABSENT or (value is None and not field.nullable) else value
        for value in values
    ], False


def _faults(field: Field, values: Sequence[Any], place: Callable[[int], str]) -> list[Fault]:
    check = checker(field)
    faults = []
    for row, value in enumerate(values):
        if value is _ABSENT:
            message = "is missing" if field.required else None
        elif value is None:
            message = "is null, but the field is not nullable" if field.required else None
        else:
            message = check(value)
        if message is not None:
            faults.append(Fault(place(row), message))
            if len(faults) == MAX_FAULTS:
                break
    return faults


def _reader(field: Field) -> ReadColumn:
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return _read_numbers
        case FieldType.BOOLEAN:
            return _read_booleans
        case FieldType.CATEGORY:
            return _read_categories(field)
        case FieldType.TIMESTAMP:
            return _read_timestamps
        case _:
            return _read_texts


def _read_numbers(field: Field, values: Sequence[Any]) -> NDArray[np.float64]:
    if set(map(type, values)) not in _PLAIN_NUMBERS:
        _refuse_any(field, values)
        return np.array([math.nan if v is None else v for v in values], dtype=np.float64)
    if field.minimum is not None and min(values) < field.minimum:
        raise _Rejected
    if field.maximum is not None and max(values) > field.maximum:
        raise _Rejected
    if field.type is FieldType.INTEGER:
        _refuse_any(field, values)
    try:
        column = np.array(values, dtype=np.float64)
    except OverflowError:
        raise _Rejected from None
    if not np.isfinite(column).all():
        raise _Rejected
    return column


def _refuse_any(field: Field, values: Sequence[Any]) -> None:
    """Raise _Rejected if any value that is there does not fit."""
    check = checker(field)
    if any(value is not None and check(value) is not None for value in values):
        raise _Rejected


def _read_booleans(_: Field, values: Sequence[Any]) -> NDArray[np.float64]:
    if not {bool, type(None)}.issuperset(map(type, values)):
        raise _Rejected
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _read_categories(field: Field) -> ReadColumn:
    codes: dict[Any, int] = {tagged(value): code for code, value in enumerate(field.values)}
    texts: Mapping[Any, int] = {v: code for code, v in enumerate(field.values) if type(v) is str}
    all_texts = len(texts) == len(field.values)

    def read(_: Field, values: Sequence[Any]) -> NDArray[np.int32]:
        try:
            if all_texts and None not in values:
                return np.array([texts[value] for value in values], dtype=np.int32)
            return np.array(
                [-1 if value is None else codes[tagged(value)] for value in values], dtype=np.int32
            )
        except (KeyError, TypeError):
            raise _Rejected from None

    return read


def _read_timestamps(_: Field, values: Sequence[Any]) -> NDArray[np.float64]:
    try:
        return np.array(
            [math.nan if value is None else seconds(value) for value in values], dtype=np.float64
        )
    except (ValueError, TypeError, OverflowError):
        raise _Rejected from None


def _read_texts(_: Field, values: Sequence[Any]) -> NDArray[np.object_]:
    if not {str, type(None)}.issuperset(map(type, values)) or not _is_unicode(values):
        raise _Rejected
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _is_unicode(texts: Sequence[str | None]) -> bool:
    """Whether the texts can be written down; half of a surrogate pair cannot."""
    try:
        "".join(text for text in texts if text is not None).encode()
    except UnicodeEncodeError:
        return False
    return True
