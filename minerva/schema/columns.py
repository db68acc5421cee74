"""Columns as protocols bring them: lists of JSON values, or arrays that are judged all at once.

An array has no null and fewer types than JSON, so it says some things otherwise. Missing is NaN, a
category's index -1, None in an array of texts, and an empty text where that is no value. A boolean
may be a number, 0 or 1. A category may be told as text, by its values' texts; as a number it is the
index of a value where all values are texts, else the value itself. A timestamp may be seconds since
1970-01-01 UTC.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from minerva.schema.batch import LAST_MOMENT, Column, iso
from minerva.schema.field import MAX_EXACT_INTEGER, Field, FieldType
from minerva.schema.value import seconds

Values = Sequence[Any] | NDArray[Any]
"""A list holds what JSON records would hold."""
Columns = Mapping[str, Values]
"""Field → its values, as many for each."""
Where = Callable[[str, int | None], str]
"""Tells where a field's value in a row stands in what a caller sent; None: the field as a whole."""
ReadArray = Callable[[NDArray[Any]], Column | None]
"""Returns an array of shape (n,) as a `Column`; None if a value is missing or does not fit."""

_FIRST_MOMENT = -62_135_596_800.0


class LateRecords(Sequence[Any]):
    """Records that stand in another form: counted at once, made when somebody looks."""

    def __init__(self, rows: int, make: Callable[[], list[dict[str, Any]]]) -> None:
        self._rows, self._make = rows, make
        self._made: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._records()[at]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._records())

    def _records(self) -> list[dict[str, Any]]:
        if self._made is None:
            self._made = self._make()
        return self._made


def rows_of(columns: Columns) -> int:
    """Return how many values the first column has; 0 if there is none."""
    return len(next(iter(columns.values()), ()))


def array_reader(field: Field) -> ReadArray:
    """Return how a field's array is read at once."""
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return _read_numbers(field)
        case FieldType.BOOLEAN:
            return _read_booleans(field)
        case FieldType.CATEGORY:
            return _read_categories(field)
        case FieldType.TIMESTAMP:
            return _read_timestamps(field)
        case _:
            return lambda _: None


def plain(field: Field, values: Values) -> list[Any]:
    """Return a column as JSON records would hold it; what means nothing stays as it is."""
    if not isinstance(values, np.ndarray):
        return list(values)
    cells = [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is the one value that differs from itself
    match field.type:
        case FieldType.BOOLEAN:
            return [_truth(value) for value in cells]
        case FieldType.CATEGORY:
            known = _labels(field)
            return [_value(field, known, value) for value in cells]
        case FieldType.TIMESTAMP:
            return [_moment(value) for value in cells]
        case _:
            return cells


def filled(field: Field, rows: int) -> Column:
    """Return the column of a field that was left out: its default, or missing."""
    match field.type:
        case FieldType.CATEGORY:
            code = -1 if field.default is None else field.values.index(field.default)
            return np.full(rows, code, dtype=np.int32)
        case FieldType.TEXT:
            column = np.empty(rows, dtype=object)
            column[:] = field.default
            return column
        case FieldType.TIMESTAMP if field.default is not None:
            return np.full(rows, seconds(str(field.default)))
        case _:
            return np.full(rows, math.nan if field.default is None else float(field.default))


def _read_numbers(field: Field) -> ReadArray:
    largest = sys.float_info.max
    low = -largest if field.minimum is None else max(-largest, field.minimum)
    high = largest if field.maximum is None else min(largest, field.maximum)
    whole = field.type is FieldType.INTEGER
    if whole:
        low, high = max(low, -MAX_EXACT_INTEGER), min(high, MAX_EXACT_INTEGER)

    def read(array: NDArray[Any]) -> Column | None:
        if array.dtype.kind not in "iuf" or not len(array):
            return None
        column = array.astype(np.float64)
        least, most = array.min().item(), array.max().item()
        if least != least:  # noqa: PLR0124 - NaN, as above
            return _with_gaps(column) if field.nullable else None
        if not (low <= least and most <= high):
            return None
        return None if whole and array.dtype.kind == "f" and _broken(column) else column

    def _with_gaps(column: Column) -> Column | None:
        present = column[~np.isnan(column)]
        if len(present) and not (low <= present.min() and present.max() <= high):
            return None
        return None if whole and _broken(present) else column

    return read


def _broken(column: Column) -> bool:
    return not bool((np.floor(column) == column).all())


def _read_booleans(field: Field) -> ReadArray:
    def read(array: NDArray[Any]) -> Column | None:
        if array.dtype.kind not in "biuf":
            return None
        column = array.astype(np.float64)
        fits = (column == 0) | (column == 1)
        if field.nullable:
            fits |= np.isnan(column)
        return column if fits.all() else None

    return read


def _read_categories(field: Field) -> ReadArray:
    codes = {label: code for label, code in _labels(field).items() if isinstance(label, str)}
    by_index, count = _by_index(field), len(field.values)
    least = -1 if field.nullable else 0

    def read(array: NDArray[Any]) -> Column | None:
        if array.dtype.kind == "O":
            try:
                return np.array([codes[text] for text in array.tolist()], dtype=np.int32)
            except (KeyError, TypeError):
                return None
        if not by_index or array.dtype.kind not in "iuf" or not len(array):
            return None
        if not (array.min() >= least and array.max() < count):  # not so for NaN either
            return None
        column = array.astype(np.int32)
        return column if array.dtype.kind != "f" or (column == array).all() else None

    return read


def _read_timestamps(field: Field) -> ReadArray:
    def read(array: NDArray[Any]) -> Column | None:
        if array.dtype.kind not in "iuf":
            return None
        column = array.astype(np.float64)
        fits = (column >= _FIRST_MOMENT) & (column <= LAST_MOMENT)
        if field.nullable:
            fits |= np.isnan(column)
        return column if fits.all() else None

    return read


def _by_index(field: Field) -> bool:
    return all(isinstance(value, str) for value in field.values)


def _labels(field: Field) -> dict[Any, int]:
    """Return a value's text → its code."""
    return {str(value): code for code, value in enumerate(field.values)}


def _truth(value: Any) -> Any:
    return bool(value) if type(value) in {int, float} and value in {0, 1} else value


def _value(field: Field, labels: Mapping[Any, int], value: Any) -> Any:
    if isinstance(value, str):
        return field.values[labels[value]] if value in labels else (value or None)
    if type(value) not in {int, float} or not _by_index(field):
        return value
    if value == -1:
        return None
    whole = 0 <= value < len(field.values) and value == int(value)
    return field.values[int(value)] if whole else value


def _moment(value: Any) -> Any:
    if value == "":
        return None
    if type(value) not in {int, float} or not _FIRST_MOMENT <= value <= LAST_MOMENT:
        return value
    return iso(value)
