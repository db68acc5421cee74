"""Values that fit a schema: for documents, and for goldens where no real record may be kept."""

from __future__ import annotations

from typing import Any

from minerva.schema.field import Field, FieldType
from minerva.schema.schema import Schema


def example_record(schema: Schema) -> dict[str, Any]:
    """Return a record that the schema accepts, the same one every time, without its key."""
    return {name: example_value(field) for name, field in schema.inputs.items()}


def example_value(field: Field) -> Any:
    """Return a value that the field accepts: as it is declared, else made up."""
    declared = field.default if field.example is None else field.example
    if declared is not None:
        return declared
    match field.type:
        case FieldType.CATEGORY:
            return field.values[0]
        case FieldType.BOOLEAN:
            return True
        case FieldType.TEXT:
            return "text"
        case FieldType.TIMESTAMP:
            return "2026-01-31T12:00:00Z"
        case _:
            return _number(field)


def _number(field: Field) -> int | float:
    low, high = field.minimum, field.maximum
    whole = field.type is FieldType.INTEGER
    if low is not None and high is not None:
        middle = (low + high) / 2
    elif low is not None:
        middle = low + 1
    elif high is not None:
        middle = high - 1
    else:
        middle = 1.0
    if whole and low is not None and not float(middle).is_integer():
        return int(low) if float(low).is_integer() else int(low) + 1
    return int(middle) if whole else plain_number(middle)


def plain_number(number: float) -> int | float:
    return int(number) if float(number).is_integer() and abs(number) < 2**53 else number
