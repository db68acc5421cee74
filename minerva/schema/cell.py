"""What one cell of a table means by its field: text cells and database types welcome.

JSON records are strict (`decoder`); a table is what a legacy system exports, so "12,5", "yes" or a
Decimal mean what they say. Tables and single database rows are read by the same rules, so that a model
is asked in the terms that it learnt in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from minerva.schema.field import MAX_EXACT_INTEGER, Field, FieldType
from minerva.schema.value import seconds

ReadCell = Callable[[Any], Any]
"""Returns a cell as a `Column` keeps it (category: its code), or None if it does not fit."""

_WORDS = {
    "true": 1.0, "yes": 1.0, "t": 1.0, "y": 1.0, "1": 1.0, "1.0": 1.0,
    "false": 0.0, "no": 0.0, "f": 0.0, "n": 0.0, "0": 0.0, "0.0": 0.0,
}  # fmt: skip
_EMPTY = frozenset({"NA", "N/A", "NaN", "nan", "NULL", "null", "None"})
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+\.0", re.ASCII)
_NUMBERS = (int, float, Decimal, np.integer, np.floating, np.bool_)


def reader(field: Field, decimal: str = ".") -> ReadCell:
    """Return how a cell that is not empty is read; `decimal` is the mark in text cells."""
    match field.type:
        case FieldType.INTEGER:
            return lambda value: _whole(_number(value, decimal))
        case FieldType.NUMBER:
            return lambda value: _number(value, decimal)
        case FieldType.BOOLEAN:
            return _boolean
        case FieldType.CATEGORY:
            return _category(field)
        case FieldType.TIMESTAMP:
            return _timestamp
        case _:
            return _text


def is_empty(value: Any) -> bool:
    """Whether a cell says that there is no value."""
    if isinstance(value, str):
        return value in _EMPTY or not value.strip()
    return value is None or (isinstance(value, float | Decimal | np.floating) and math.isnan(value))


def plain_row(
    field_of: Mapping[str, Field], row: Mapping[str, Any], decimal: str
) -> dict[str, Any]:
    """Return a database row as the JSON record that a caller would have sent; other columns dropped.

    A cell that does not fit stays as it is, for the decoder to refuse.
    """
    return {
        name: plain_cell(field, decimal)(row[name])
        for name, field in field_of.items()
        if name in row
    }


def plain_cell(field: Field, decimal: str) -> Callable[[Any], Any]:
    """Return how one cell becomes JSON; made once for many cells, as a category's values are."""
    read = reader(field, decimal)
    return lambda value: _json(field, value, read(value))


def _json(field: Field, value: Any, read: Any) -> Any:
    if read is None or (is_empty(value) and field.type is not FieldType.CATEGORY):
        return None if is_empty(value) else value
    match field.type:
        case FieldType.CATEGORY:
            return field.values[read]
        case FieldType.BOOLEAN:
            return bool(read)
        case FieldType.INTEGER:
            return int(read)
        case FieldType.TIMESTAMP:
            return value.strip() if isinstance(value, str) else value.isoformat()
        case _:
            return read


def _number(value: Any, decimal: str) -> float | None:
    if isinstance(value, str):
        value = value.strip()
        if decimal == ",":
            if not _DECIMAL_COMMA.fullmatch(value):
                return None
            value = value.replace(".", "").replace(",", ".")
        elif "_" in value:  # which Python takes for a digit separator
            return None
    elif not isinstance(value, _NUMBERS):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(number: float | None) -> float | None:
    if number is None or not number.is_integer() or abs(number) > MAX_EXACT_INTEGER:
        return None
    return number


def _boolean(value: Any) -> float | None:
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    number = _number(value, ".")
    return number if number in {0.0, 1.0} else None


def _category(field: Field) -> ReadCell:
    exact = {value: code for code, value in enumerate(field.values) if isinstance(value, str)}
    labels: dict[str | None, int] = {}
    for code, value in enumerate(field.values):
        labels.setdefault(_label(value), code)

    def read(value: Any) -> int | None:
        code = exact.get(value) if isinstance(value, str) else None
        return labels.get(_label(value)) if code is None else code

    return read


def _label(value: Any) -> str | None:
    """One spelling for 1, 1.0, "1" and "1.0", and for true and "True"."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, _NUMBERS):
        number = _number(value, ".")
        whole = number is not None and number.is_integer()
        return str(int(number or 0)) if whole else str(number)
    if not isinstance(value, str):
        return str(value) if isinstance(value, date | time | UUID) else None
    text = value.strip()
    if text in {"True", "False"}:
        return text.lower()
    return text.removesuffix(".0") if _WHOLE.fullmatch(text) else text


def _timestamp(value: Any) -> float | None:
    try:
        if isinstance(value, str):
            return seconds(value.strip())
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    return _label(value)
