"""Reading the declared data whole, with a fingerprint of what was read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import TrainingData
from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.registry.manifest import canonical
from minerva.layers.abstraction.training.source import DataSource
from minerva.schema import Batch, Decoder, Field, FieldType, Schema
from minerva.schema.batch import concatenate
from minerva.schema.table import TableReader

CHUNK_ROWS = 50_000
MIN_ROWS = 20


@dataclass(frozen=True, eq=False)
class ReadData:
    """What training starts from."""

    data: TrainingData
    fingerprint: str
    """SHA-256 (hex) over schema and values: equal data, equal fingerprint."""


def read_training_data(source: DataSource, schema: Schema, decimal: str = ".") -> ReadData:
    """Read everything. Raises InvalidData: empty, contradicting the schema, one class only."""
    reader = TableReader(schema, decimal)
    batches: list[Batch] = []
    targets: list[dict[str, NDArray[np.generic]]] = []
    row = 1
    for frame in source.frames(CHUNK_ROWS):
        batches.append(reader.batch(frame, row))
        targets.append(reader.targets(frame, row))
        row += len(frame)
    joined = {name: np.concatenate([part[name] for part in targets]) for name in schema.output}
    data = TrainingData(concatenate(batches), joined)
    _check(data)
    return ReadData(data, _fingerprint(data))


def nothing(schema: Schema) -> ReadData:
    """Return zero rows, for algorithms that need no data."""
    targets = {name: np.empty(0) for name in schema.output}
    data = TrainingData(Decoder(schema).records([]), targets)
    return ReadData(data, _fingerprint(data))


def refuse_missing_truth(target: NDArray[Any], name: str, field: Field, first_row: int) -> None:
    """Raise InvalidData if some row, the first of which counts as `first_row`, has no truth."""
    missing = target < 0 if field.type is FieldType.CATEGORY else np.isnan(target)
    if missing.any():
        row = int(np.flatnonzero(missing)[0]) + first_row
        raise InvalidData(
            "The training data lacks the truth in some rows: leave those rows out of the query.",
            faults=[Fault(f'column "{name}", row {row}', "is empty")],
        )


def _check(data: TrainingData) -> None:
    if len(data) < MIN_ROWS:
        raise InvalidData(
            f"The training data has {len(data)} rows; at least {MIN_ROWS} are needed."
        )
    name, field = data.inputs.schema.target()
    target = data.target()
    refuse_missing_truth(target, name, field, first_row=1)
    if len(np.unique(target)) < 2:  # noqa: PLR2004 - one value teaches nothing
        raise InvalidData(
            f"Every row of the training data has the same {name!r}: there is nothing to learn.",
            faults=[Fault(f'column "{name}"', "holds one value only")],
        )


def _fingerprint(data: TrainingData) -> str:
    running = hashlib.sha256(canonical(data.inputs.schema.to_json()))
    for column in (*data.inputs.columns.values(), *data.targets.values()):
        if column.dtype == object:  # as JSON, where no text can look like two
            running.update(json.dumps(column.tolist()).encode())
        else:
            running.update(np.ascontiguousarray(column).tobytes())
    return running.hexdigest()
