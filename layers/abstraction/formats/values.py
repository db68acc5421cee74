"""What one value of an Arrow column is in JSON: the terms in which the decoder judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from minerva.schema import Schema
from minerva.schema.cell import plain_cell

if TYPE_CHECKING:
    import pyarrow as pa

Plain = Callable[[Any], Any]


def json_value(value: Any) -> Any:
    """Return a value that is not null as a caller would have sent it.

    Decimals are numbers and moments are ISO 8601 text; what JSON has no word for stays as it is, for
    the decoder to refuse.
    """
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def cell_values(schema: Schema, decimal: str) -> dict[str, Plain]:
    """Return input → how its text cells and database values become JSON, as training reads them."""
    return {name: plain_cell(field, decimal) for name, field in schema.inputs.items()}


def record_of(
    columns: Mapping[str, pa.Array], row: int, plain: Mapping[str, Plain]
) -> dict[str, Any]:
    """Return a row of columns as the JSON that a caller would have sent."""
    values = {name: column[row].as_py() for name, column in columns.items()}
    return {
        name: None if value is None else plain.get(name, json_value)(value)
        for name, value in values.items()
    }
