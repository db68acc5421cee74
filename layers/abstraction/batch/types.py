"""Which Arrow types can hold a field at all: known from a file's head, before anything is read."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyarrow import types

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.batch.header import refuse_columns
from minerva.schema import Field, FieldType, Schema
from minerva.schema.field import NUMERIC


def refuse_types(schema: Schema, arrow: pa.Schema, file: str) -> None:
    """Raise InvalidInput for columns that are missing or of a type that the field cannot have."""
    repeated = sorted({name for name in arrow.names if arrow.names.count(name) > 1})
    if repeated:
        fault = Fault(f'{file}, column "{repeated[0]}"', "stands there more than once")
        raise InvalidInput(f"{file} cannot be used.", faults=[fault])
    refuse_columns(schema, arrow.names, file)
    faults = [
        Fault(f'{file}, column "{name}"', f"is {kind}, the schema says {expected}")
        for name, kind, expected in _unfit(schema, arrow)
    ]
    if faults:
        raise InvalidInput(f"{file} has other types than the service.", faults=faults[:20])


def _unfit(schema: Schema, arrow: pa.Schema) -> Iterable[tuple[str, pa.DataType, str]]:
    for column in arrow:
        plain = column.type.value_type if types.is_dictionary(column.type) else column.type
        field = schema.inputs.get(column.name)
        if field is not None and not _fits(field, plain):
            yield column.name, column.type, field.type.value
        if column.name == schema.key and not (
            _is_text(plain) or types.is_integer(plain) or types.is_null(plain)
        ):
            yield column.name, column.type, "text or integer, as a key is"


def _fits(field: Field, kind: pa.DataType) -> bool:
    if types.is_null(kind):
        return True
    number = bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
    moment = bool(types.is_timestamp(kind) or types.is_date(kind))
    if field.type in NUMERIC:
        return number
    match field.type:
        case FieldType.BOOLEAN:
            return bool(types.is_boolean(kind))
        case FieldType.CATEGORY:
            text = any(isinstance(value, str) for value in field.values)
            plain = any(not isinstance(value, str) for value in field.values)
            return (text and _is_text(kind)) or (plain and number)
        case FieldType.TIMESTAMP:
            return moment or _is_text(kind)
        case _:
            return moment or bool(types.is_time(kind)) or _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
