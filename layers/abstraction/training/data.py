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
from minerva.layers.abstraction.problems.problem import By, Problem
from minerva.layers.abstraction.registry.manifest import canonical
from minerva.layers.abstraction.training.source import DataSource
from minerva.schema import Batch, Decoder, Field, Schema
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
    by: By = None
    """The values that rows are held out by, shape (n,), none missing; None: at random."""

    def take(self, indices: NDArray[Any]) -> ReadData:
        """Return the rows at `indices` (int, shape (m,))."""
        by = None if self.by is None else self.by[indices]
        return ReadData(self.data.take(indices), self.fingerprint, by)


def read_training_data(source: DataSource, problem: Problem, decimal: str = ".") -> ReadData:
    """Read everything. Raises InvalidData: empty, contradicting the schema, nothing to learn."""
    schema = problem.schema
    reader, truth, beside = TableReader(schema, decimal), problem.truth_fields(), _beside(problem)
    batches: list[Batch] = []
    columns: list[dict[str, NDArray[Any]]] = []
    row = 1
    for frame in source.frames(CHUNK_ROWS):
        batches.append(reader.batch(frame, row))
        columns.append(reader.columns(frame, {**truth, **beside}, row))
        row += len(frame)
    batch = concatenate(batches)
    joined = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    data = TrainingData(batch, {name: joined[name] for name in truth})
    _check(data, problem)
    return ReadData(data, _fingerprint(data), _by(problem, batch, joined))


def nothing(schema: Schema) -> ReadData:
    """Return zero rows, for algorithms that need no data."""
    targets = {name: np.empty(0) for name in schema.output}
    data = TrainingData(Decoder(schema).records([]), targets)
    return ReadData(data, _fingerprint(data))


def _beside(problem: Problem) -> dict[str, Field]:
    """Return the input that rows are held out by; it need not be used by the model."""
    name = problem.split.field
    if name is None or name not in problem.schema.inputs:
        return {}
    return {name: problem.schema.inputs[name]}


def _by(problem: Problem, batch: Batch, columns: dict[str, NDArray[Any]]) -> By:
    """Return the values that rows are held out by. Raises InvalidData if some are missing."""
    name = problem.split.field
    if name is None:
        return None
    by = columns[name] if name in columns else _keys(batch)
    absent = np.array([value in (None, "") or value != value for value in by.tolist()], dtype=bool)  # noqa: PLR0124 - NaN is the one value that differs from itself
    if by.dtype.kind == "i":  # codes of a category
        absent |= by < 0
    if absent.any():
        row = int(np.flatnonzero(absent)[0]) + 1
        raise InvalidData(
            f"Rows are held out by {problem.split.by}, but some do not tell theirs.",
            faults=[Fault(f'column "{name}", row {row}', "is empty")],
        )
    return by


def _keys(batch: Batch) -> NDArray[Any]:
    keys = np.empty(len(batch), dtype=object)
    keys[:] = batch.keys or [None] * len(batch)
    return keys


def _check(data: TrainingData, problem: Problem) -> None:
    if len(data) < MIN_ROWS:
        raise InvalidData(
            f"The training data has {len(data)} rows; at least {MIN_ROWS} are needed."
        )
    problem.check(data)


def _fingerprint(data: TrainingData) -> str:
    running = hashlib.sha256(canonical(data.inputs.schema.to_json()))
    for column in (*data.inputs.columns.values(), *data.targets.values()):
        if column.dtype == object:  # as JSON, where no text can look like two
            running.update(json.dumps(column.tolist()).encode())
        else:
            running.update(np.ascontiguousarray(column).tobytes())
    return running.hexdigest()
