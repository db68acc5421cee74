"""Which columns must stand in an input."""

from __future__ import annotations

from collections.abc import Iterable

from minerva.errors import Fault, InvalidInput
from minerva.schema import Schema


def refuse_columns(schema: Schema, columns: Iterable[str], file: str) -> None:
    """Raise InvalidInput if a column that must be there is not."""
    there = set(columns)
    faults = [
        Fault(f'{file}, column "{name}"', "is missing")
        for name, field in schema.inputs.items()
        if field.required and name not in there
    ]
    if faults:
        raise InvalidInput(f"{file} does not have the service's inputs.", faults=faults[:20])
