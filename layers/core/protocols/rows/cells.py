"""Cells that are text, as records: they mean what they mean in training data and in batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minerva.schema import Schema
from minerva.schema.cell import plain_cell


def records_of_cells(
    schema: Schema, rows: Iterable[Mapping[str, str]], decimal: str = "."
) -> list[dict[str, Any]]:
    """Return each row as the JSON record that a caller would have sent.

    A cell that does not fit stays as it is, and so does one that is no field's, for the decoder to refuse.
    """
    meant = {name: plain_cell(field, decimal) for name, field in schema.inputs.items()}
    if schema.key is not None:
        meant[schema.key] = lambda cell: cell or None
    return [
        {name: meant[name](cell) if name in meant else cell for name, cell in row.items()}
        for row in rows
    ]
