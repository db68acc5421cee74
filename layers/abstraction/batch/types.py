"""Which Arrow types can hold a field at all: known from a file's head, before anything is read."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyarrow import types

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.batch.header import refuse_columns
from minerva.layers.abstraction.formats.header import REPEATED, repeated
from minerva.layers.abstraction.formats.parquet_file import holds, is_text
from minerva.schema import Schema


def refuse_types(schema: Schema, arrow: pa.Schema, file: str) -> None:
    """Raise InvalidInput for columns that are missing or of a type that the field cannot have."""
    twice = repeated(arrow.names)
    if twice:
        fault = Fault(f'{file}, column "{twice[0]}"', REPEATED)
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
        field = schema.inputs.get(column.name)
        if field is not None and not holds(column.type, field, as_cells=False):
            yield column.name, column.type, field.type.value
        if column.name == schema.key and not _is_key(column.type):
            yield column.name, column.type, "text or integer, as a key is"


def _is_key(kind: pa.DataType) -> bool:
    plain = kind.value_type if types.is_dictionary(kind) else kind
    return is_text(plain) or bool(types.is_integer(plain) or types.is_null(plain))
