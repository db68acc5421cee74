"""Parquet files in chunks of their own columns, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from minerva.layers.abstraction.formats.chunk import Chunk, Read
from minerva.layers.abstraction.formats.parquet_file import opened_parquet
from minerva.layers.abstraction.formats.values import record_of

ROWS = 32_768
BUFFER = 1024 * 1024
"""Bytes that are read of a column at a time: else all of a row group would be in memory."""


@dataclass(frozen=True)
class ParquetBlocks:
    """Reads one file. `wanted`: the columns that matter, all of which stand in it."""

    wanted: Sequence[str]

    def read(self, file: BinaryIO, start: int, end: int) -> Iterator[Read]:
        """Yield the rows from `start` up to `end`."""
        with opened_parquet(file, buffer_size=BUFFER) as opened:
            groups, position = _groups(opened.metadata, start, end)
            for batch in opened.iter_batches(
                ROWS, row_groups=groups, columns=list(self.wanted), use_threads=False
            ):
                first, last = max(position, start), min(position + batch.num_rows, end)
                if first < last:
                    yield self._read(batch.slice(first - position, last - first), first)
                position += batch.num_rows

    def _read(self, batch: pa.RecordBatch, first: int) -> Read:
        columns = {name: batch.column(name) for name in self.wanted}
        chunk = Chunk(
            batch.num_rows,
            columns,
            lambda row: first + row + 1,
            lambda row: record_of(columns, row, {}),
        )
        behind = first + batch.num_rows
        return Read(chunk, behind, behind + 1)


def _groups(metadata: parquet.FileMetaData, start: int, end: int) -> tuple[list[int], int]:
    """Return the row groups that hold these rows, and the first row of the first one."""
    groups: list[int] = []
    first, begins = 0, 0
    for group in range(metadata.num_row_groups):
        behind = begins + metadata.row_group(group).num_rows
        if begins < end and behind > start:
            first = begins if not groups else first
            groups.append(group)
        begins = behind
    return groups, first
