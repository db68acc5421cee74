"""Writing answers as CSV, Parquet or NDJSON, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from minerva.layers.abstraction.batch.encoding import flat
from minerva.layers.abstraction.formats.layout import Format


class Writer(Protocol):
    """Writes batches of one schema."""

    def write(self, answer: pa.RecordBatch) -> None:
        """Write some rows."""


@contextmanager
def writer(form: Format, file: BinaryIO, schema: pa.Schema) -> Iterator[Writer]:
    """Open a writer for answers of one schema."""
    if form == "ndjson":
        yield NdjsonWriter(file)
    elif form == "csv":
        from pyarrow import csv

        with csv.CSVWriter(file, _flat_schema(schema)) as opened:
            yield CsvWriter(opened)
    else:
        from pyarrow import parquet

        with parquet.ParquetWriter(file, schema) as opened:
            yield ParquetWriter(opened)


class ParquetWriter:
    """Parquet with one row group for each batch; probabilities are a struct."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    def write(self, answer: pa.RecordBatch) -> None:
        """Satisfy `Writer`."""
        self._opened.write_batch(answer)


class CsvWriter:
    """CSV with a header; a column for each probability."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    def write(self, answer: pa.RecordBatch) -> None:
        """Satisfy `Writer`."""
        self._opened.write_batch(flat(answer))


class NdjsonWriter:
    """One JSON object per line, as the REST API has it."""

    def __init__(self, file: BinaryIO) -> None:
        import msgspec

        self._file = file
        self._encode = msgspec.json.Encoder().encode_lines

    def write(self, answer: pa.RecordBatch) -> None:
        """Satisfy `Writer`."""
        self._file.write(self._encode(answer.to_pylist()))


def _flat_schema(schema: pa.Schema) -> pa.Schema:
    empty = [pa.array([], field.type) for field in schema]
    return flat(pa.RecordBatch.from_arrays(empty, schema=schema)).schema
