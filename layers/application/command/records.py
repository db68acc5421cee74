"""From a batch and its truth to what a runner reads: columns for a call, a line per record for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from minerva import Batch, Field, FieldType, Schema, TrainingData
from minerva.schema import Column

ROWS_AT_ONCE = 10_000
PlainColumn = Callable[[Column], list[Any]]
"""Returns values as JSON has them: null (or NaN, which the encoder writes so) where missing."""
_TOLD = ("type", "description", "unit", "minimum", "maximum", "nullable")


def told_schema(schema: Schema) -> dict[str, Any]:
    """Return what a runner is told of the schema: the used inputs and the outputs, in order."""
    used = [(name, schema.inputs[name]) for name in schema.features]
    return {
        "inputs": [_told(name, field) for name, field in used],
        "output": [_told(name, field) for name, field in schema.output.items()],
    }


def columns_of(batch: Batch) -> dict[str, list[Any]]:
    """Return input name → one value per record."""
    fields = batch.schema.inputs
    return {name: plain(fields[name])(column) for name, column in batch.columns.items()}


def write_training_file(data: TrainingData, file: Path) -> None:
    """Write `{"inputs": {…}, "output": {…}}`, a line per record."""
    encoder = msgspec.json.Encoder()
    with file.open("wb") as lines:
        for start in range(0, len(data), ROWS_AT_ONCE):
            part = data.take(np.arange(start, min(start + ROWS_AT_ONCE, len(data))))
            lines.write(encoder.encode_lines(_rows(part)))


def plain(field: Field) -> PlainColumn:
    """Return how a column of this field becomes JSON."""
    match field.type:
        case FieldType.CATEGORY:
            values = (*field.values, None)  # the code of a missing value is -1, the last
            return lambda column: [values[code] for code in column.tolist()]
        case FieldType.INTEGER:
            return lambda column: [None if v != v else int(v) for v in column.tolist()]  # noqa: PLR0124 - NaN is the one value that differs from itself
        case FieldType.BOOLEAN:
            return lambda column: [None if v != v else bool(v) for v in column.tolist()]  # noqa: PLR0124 - as above
        case _:
            return lambda column: column.tolist()


def _rows(data: TrainingData) -> Iterator[dict[str, Any]]:
    outputs = data.inputs.schema.output
    inputs = _records(columns_of(data.inputs), len(data))
    truth = {name: plain(outputs[name])(column) for name, column in data.targets.items()}
    for record, output in zip(inputs, _records(truth, len(data)), strict=True):
        yield {"inputs": record, "output": output}


def _records(columns: Mapping[str, list[Any]], rows: int) -> Iterator[dict[str, Any]]:
    for row in range(rows):
        yield {name: values[row] for name, values in columns.items()}


def _told(name: str, field: Field) -> dict[str, Any]:
    declared = field.to_json()
    told = {word: declared[word] for word in _TOLD if word in declared}
    return {"name": name, **told, **({"values": list(field.values)} if field.values else {})}
