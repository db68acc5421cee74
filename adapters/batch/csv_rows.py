"""CSV files in chunks of text columns.

Arrow reads a block at once. A block that it refuses (a short row, a letter of another encoding) is read
again row by row, so that only the rows that are wrong are rejected, each with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from minerva.adapters.batch.text_blocks import BREAK, QUOTE, Block, blocks, unclosed
from minerva.layers.abstraction.batch.chunk import Chunk, Fault, Read
from minerva.layers.abstraction.batch.decoding import record_of
from minerva.layers.abstraction.batch.ports import Source
from minerva.layers.abstraction.batch.values import Plain

UNCLOSED = "unexpected end of data"
"""What the standard library's reader says where text ends within quotes."""
SURROGATES = range(0xDC80, 0xDD00)


@dataclass(frozen=True)
class CsvRows:
    """Reads one file. `wanted`: the columns that matter, all of which stand in it."""

    source: Source
    wanted: Sequence[str]
    plain: Mapping[str, Plain]

    def read(self, file: BinaryIO, start: int, end: int, line: int) -> Iterator[Read]:
        """Yield the rows between two bytes."""
        for block in blocks(file, start, end, line, quoted=True, name=self.source.file):
            chunk = self._chunk(block)
            yield Read(chunk, block.end, block.line + block.text.count(BREAK))

    def _chunk(self, block: Block) -> Chunk:
        try:
            table = self._table(block)
        except pa.ArrowInvalid:
            return self._row_by_row(block)
        columns = {name: table.column(name).combine_chunks() for name in self.wanted}
        lines = _Lines(self, block)
        even = block.text.count(BREAK) - block.text.endswith(BREAK) + 1 == table.num_rows
        number = block.line.__add__ if even else lines.of
        return self._of(columns, table.num_rows, number, ())

    def _of(
        self,
        columns: Mapping[str, pa.Array],
        rows: int,
        number: Callable[[int], int],
        broken: Sequence[Fault],
    ) -> Chunk:
        return Chunk(rows, columns, number, lambda row: record_of(columns, row, self.plain), broken)

    def _table(self, block: Block) -> pa.Table:
        source, text = self.source, pa.string()
        if not block.text.strip():
            return pa.table({name: pa.array([], text) for name in self.wanted})
        return arrow_csv.read_csv(
            pa.BufferReader(block.text),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=len(block.text) + 1,
                column_names=source.columns,
                encoding=source.dialect.encoding,
            ),
            arrow_csv.ParseOptions(
                delimiter=source.dialect.delimiter, newlines_in_values=QUOTE in block.text
            ),
            arrow_csv.ConvertOptions(
                include_columns=list(self.wanted),
                column_types=dict.fromkeys(self.wanted, text),
                strings_can_be_null=False,
                auto_dict_encode=False,
            ),
        )

    def _row_by_row(self, block: Block) -> Chunk:
        places = [self.source.columns.index(name) for name in self.wanted]
        cells: list[list[str]] = [[] for _ in places]
        numbers: list[int] = []
        broken: list[Fault] = []
        for line, row, wrong in self.rows(block):
            if wrong:
                broken.append(Fault(line, "", wrong))
                continue
            numbers.append(line)
            for column, place in zip(cells, places, strict=True):
                column.append(row[place])
        columns = {
            name: pa.array(column, pa.string())
            for name, column in zip(self.wanted, cells, strict=True)
        }
        return self._of(columns, len(numbers), numbers.__getitem__, broken)

    def rows(self, block: Block) -> Iterator[tuple[int, list[str], str]]:
        """Yield line, cells and what is wrong of every row that is not blank."""
        dialect, width = self.source.dialect, len(self.source.columns)
        text = block.text.decode(dialect.encoding, errors="surrogateescape")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True)
        line = block.line
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if str(error) == UNCLOSED:
                    raise unclosed(self.source.file, line) from error
                yield line, [], f"is not CSV: {error}"
            else:
                if row:
                    yield line, row, _wrong(row, width, dialect.encoding)
            line = block.line + reader.line_num


@dataclass
class _Lines:
    """Lines of a block's rows, counted only if asked for: blank lines and breaks in quotes shift them."""

    reader: CsvRows
    block: Block
    _found: list[int] = field(default_factory=list)

    def of(self, row: int) -> int:
        if not self._found:
            self._found = [line for line, _, _ in self.reader.rows(self.block)]
        return self._found[row]


def header(file: BinaryIO, source: Source, start: int) -> tuple[list[str], int, int]:
    """Return the names in the first line, the byte behind it and the next line's number."""
    file.seek(start)
    head = file.read(1024 * 1024)
    text = head.decode(source.dialect.encoding, errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.dialect.delimiter)
    names = next(islice(reader, 1), [])
    lines = text.split("\n")[: reader.line_num]
    length = len("\n".join(lines).encode(source.dialect.encoding, errors="surrogateescape"))
    return names, start + min(length + 1, len(head)), reader.line_num + 1


def _wrong(row: Sequence[str], width: int, encoding: str) -> str:
    if len(row) != width:
        return f"has {len(row)} cells where the first line names {width} columns"
    if any(ord(letter) in SURROGATES for cell in row for letter in cell if letter > "\ud7ff"):
        return f"is not {encoding} text"
    return ""
