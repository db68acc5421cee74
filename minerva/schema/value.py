"""What is wrong with one JSON value, in words: a check per field, made once."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from minerva.schema.field import MAX_EXACT_INTEGER, Field, FieldType
from minerva.spelling import doubt

CheckValue = Callable[[Any], str | None]
"""Returns what is wrong with one value that is not null, or None."""
COMPARED_VALUES = 100
"""With more values it is not looked which one was meant: that takes long, and anyone may ask."""
SHOWN_VALUES = 10
"""So many of a category's values are enough to recognise the list."""


def checker(field: Field) -> CheckValue:
    """Return the check of a field."""
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return _check_number(field)
        case FieldType.BOOLEAN:
            return lambda value: (
                None if type(value) is bool else f"expected true or false, got {kind(value)}"
            )
        case FieldType.CATEGORY:
            return _check_category(field)
        case FieldType.TIMESTAMP:
            return _check_timestamp
        case _:
            return _check_text


def listed(field: Field) -> str:
    """Return a category's values as a message shows them."""
    shown = ", ".join(map(repr, field.values[:SHOWN_VALUES]))
    return shown + (", …" if len(field.values) > SHOWN_VALUES else "")


def nearest(field: Field, value: Any) -> str:
    """Return `; did you mean …?` for a text like one of a category's values, else nothing."""
    few = len(field.values) <= COMPARED_VALUES
    return doubt(value, map(str, field.values)) if few and isinstance(value, str) else ""


def out_of_range(field: Field, value: float) -> str | None:
    """Tell which bound a number violates, if it does."""
    unit = f" {field.unit}" if field.unit else ""
    if field.minimum is not None and value < field.minimum:
        return f"is below the minimum of {field.minimum:g}{unit}"
    if field.maximum is not None and value > field.maximum:
        return f"is above the maximum of {field.maximum:g}{unit}"
    return None


def seconds(value: str) -> float:
    """Return ISO 8601 text as seconds since 1970-01-01 UTC; without an offset it is taken as UTC."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def tagged(value: Any) -> tuple[bool, Any]:
    """Keep true and 1 apart, which Python calls equal."""
    return (type(value) is bool, value)


def kind(value: Any) -> str:
    """Name a JSON value's kind without telling the value."""
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case None:
            return "null"
        case list():
            return "an array"
        case _:
            return "an object"


def _check_number(field: Field) -> CheckValue:
    whole = field.type is FieldType.INTEGER
    expected = "a whole number" if whole else "a number"

    def check(value: Any) -> str | None:
        if type(value) is not int and type(value) is not float:
            return f"expected {expected}, got {kind(value)}"
        if not -math.inf < value < math.inf:
            return f"expected {expected}, got NaN or infinity"
        if whole and (abs(value) > MAX_EXACT_INTEGER or value != int(value)):
            return f"expected {expected} of at most 2^53 in size"
        if not _is_double(value):
            return f"expected {expected} that a 64-bit float can hold"
        return out_of_range(field, value)

    return check


def _is_double(value: float) -> bool:
    """Whether a double can hold a number: a Python integer may exceed every one."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _check_category(field: Field) -> CheckValue:
    known = {tagged(value) for value in field.values}
    shown = listed(field)

    def check(value: Any) -> str | None:
        if isinstance(value, list | dict):
            return f"expected one of {shown}, got {kind(value)}"
        return None if tagged(value) in known else f"is not one of {shown}{nearest(field, value)}"

    return check


def _check_timestamp(value: Any) -> str | None:
    try:
        seconds(value)
    except (ValueError, TypeError, OverflowError):
        return "expected a timestamp such as 2026-01-31T12:00:00Z"
    return None


def _check_text(value: Any) -> str | None:
    if type(value) is not str:
        return f"expected text, got {kind(value)}"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no text"
    return None
