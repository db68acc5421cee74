"""From a chunk of Arrow columns to a Batch of the rows that fit, and the reasons of those that do not.

A row is taken exactly when the JSON decoder takes it: whole columns are judged at once, and the few
rows of which a column is doubtful are shown to the decoder one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from minerva.errors import Fault as Missing
from minerva.errors import InvalidInput
from minerva.layers.abstraction.batch.columns import ColumnReader
from minerva.layers.abstraction.formats.chunk import Chunk, Fault, NoRecord, Records
from minerva.layers.abstraction.formats.values import Plain, json_value
from minerva.schema import Batch, Column, Decoder, Schema
from minerva.schema.batch import concatenate


@dataclass(frozen=True, eq=False)
class Decoded:
    """The rows of a chunk that fit, in order, and why the others do not."""

    batch: Batch
    keys: pa.Array | None
    """The batch's keys as the input has them."""
    faults: Sequence[Fault]


class ChunkDecoder:
    """Decodes chunks of one input by one schema."""

    def __init__(
        self,
        schema: Schema,
        plain: Mapping[str, Plain] | None = None,
        *,
        text_numbers: bool = False,
        null_is_vague: bool = False,
        needs_key: bool = False,
    ) -> None:
        """`plain`: how a cell of a field becomes JSON, where that is not as Arrow has it.

        `needs_key`: a row without one does not fit.
        """
        self.schema = schema
        self._needed = schema.key if needs_key else None
        self._decoder = Decoder(schema)
        self._readers = [
            ColumnReader.of(
                name,
                field,
                (plain or {}).get(name, json_value),
                text_numbers=text_numbers,
                null_is_vague=null_is_vague,
            )
            for name, field in schema.inputs.items()
        ]

    def decode(self, rows: Chunk | Records) -> Decoded:
        """Return what fits and why the rest does not."""
        return self._columns(rows) if isinstance(rows, Chunk) else self._records(rows)

    def _columns(self, chunk: Chunk) -> Decoded:
        columns, doubtful = self._read(chunk)
        if self._needed is not None:
            doubtful |= _keyless(chunk, self._needed)
        faults = [*chunk.broken]
        if doubtful.any():
            columns = {name: _writable(column) for name, column in columns.items()}
        for row in np.flatnonzero(doubtful).tolist():
            found = self._row(chunk, row, columns)
            faults.extend(found)
            doubtful[row] = bool(found)
        faults.sort(key=lambda fault: fault.row)
        keys = None if self.schema.key is None else chunk.columns.get(self.schema.key)
        if not doubtful.any():
            return Decoded(self._batch(columns, chunk.rows, keys), keys, faults)
        kept = np.flatnonzero(~doubtful)
        taken = {name: column[kept] for name, column in columns.items()}
        keys = None if keys is None else keys.take(pa.array(kept))
        return Decoded(self._batch(taken, len(kept), keys), keys, faults)

    def _read(self, chunk: Chunk) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        columns: dict[str, Column] = {}
        doubtful = np.zeros(chunk.rows, dtype=bool)
        for reader in self._readers:
            values = chunk.columns.get(reader.name)
            column, wrong = reader.missing(chunk.rows) if values is None else reader.read(values)
            doubtful |= wrong
            columns[reader.name] = column
        return columns, doubtful

    def _row(self, chunk: Chunk, row: int, columns: Mapping[str, Column]) -> list[Fault]:
        """Have the decoder judge a row; put it in its place, or return what is wrong with it."""
        try:
            record = chunk.record(row)
            read = self._decoder.records([record], where="")
            self._demand_key(record)
        except InvalidInput as error:
            return _faults(chunk.number(row), error)
        except NoRecord as error:
            return [Fault(chunk.number(row), "", str(error))]
        for name, column in read.columns.items():
            columns[name][row] = column[0]
        return []

    def _records(self, rows: Records) -> Decoded:
        """Decode all at once if all fit, else one by one."""
        faults, batches = [*rows.broken], []
        try:
            for record in rows.records:
                self._demand_key(record)
            batches.append(self._decoder.records(rows.records))
        except InvalidInput:
            for record, number in zip(rows.records, rows.numbers, strict=True):
                try:
                    self._demand_key(record)
                    batches.append(self._decoder.records([record], where=""))
                except InvalidInput as error:
                    faults.extend(_faults(number, error))
        faults.sort(key=lambda fault: fault.row)
        batch = concatenate(batches or [self._decoder.records([])])
        if batch.keys is None:
            return Decoded(batch, None, faults)
        return Decoded(batch, _key_column(batch.keys), faults)

    def _demand_key(self, record: Any) -> None:
        if self._needed is not None and record.get(self._needed) is None:
            fault = Missing(f"/0/{self._needed}", "is missing, but a table is written by its key")
            raise InvalidInput("The record has no key.", faults=[fault])

    def _batch(self, columns: dict[str, Column], rows: int, keys: pa.Array | None) -> Batch:
        used = {name: columns[name] for name in self.schema.features}
        if self.schema.key is None:
            return Batch(self.schema, used, rows)
        return Batch(self.schema, used, rows, [None] * rows if keys is None else keys.to_pylist())


def _faults(number: int, error: InvalidInput) -> list[Fault]:
    return [
        Fault(number, fault.where.removeprefix("/0").lstrip("/"), fault.message)
        for fault in error.faults
    ]


def _key_column(keys: Sequence[Any]) -> pa.Array:
    """Return keys in one type: whole numbers, or text if any of them is."""
    if all(key is None or isinstance(key, int) for key in keys):
        with suppress(OverflowError):
            return pa.array(keys, pa.int64())
    return pa.array([None if key is None else str(key) for key in keys], pa.string())


def _keyless(chunk: Chunk, key: str) -> NDArray[np.bool_]:
    keys = chunk.columns.get(key)
    if keys is None:
        return np.ones(chunk.rows, dtype=bool)
    missing: NDArray[np.bool_] = keys.is_null().to_numpy(zero_copy_only=False)
    return missing


def _writable(column: Column) -> Column:
    """Return the column, or a copy of one that is Arrow's own memory."""
    return column if column.flags.writeable else column.copy()
