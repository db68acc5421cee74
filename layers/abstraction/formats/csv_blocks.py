"""CSV files in chunks of text columns.

Arrow reads a block at once. A block that it refuses (a short row, a letter of another encoding) is read
again row by row, so that only the rows that are wrong are rejected, each with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from minerva.layers.abstraction.formats.chunk import Chunk, Fault, Read
from minerva.layers.abstraction.formats.csv_text import Broken, CsvRecords, Unclosed
from minerva.layers.abstraction.formats.header import ragged
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.formats.text_blocks import BREAK, QUOTE, Block, blocks, unclosed
from minerva.layers.abstraction.formats.values import Plain, record_of

SURROGATES = range(0xDC80, 0xDD00)
"""What stands for bytes that are not of the encoding."""
LONGEST_HEADER = 1024 * 1024


@dataclass(frozen=True)
class CsvBlocks:
    """Reads one file."""

    file: str
    columns: Sequence[str]
    """As its first line names them."""
    wanted: Sequence[str]
    """Those that matter."""
    dialect: Dialect
    plain: Mapping[str, Plain]

    def read(self, file: BinaryIO, start: int, end: int, line: int) -> Iterator[Read]:
        """Yield the rows between two bytes."""
        for block in blocks(file, start, end, line, quoted=True, name=self.file):
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
        text = pa.string()
        if not block.text.strip():
            return pa.table({name: pa.array([], text) for name in self.wanted})
        return arrow_csv.read_csv(
            pa.BufferReader(block.text),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=len(block.text) + 1,
                column_names=list(self.columns),
                encoding=self.dialect.encoding,
            ),
            arrow_csv.ParseOptions(
                delimiter=self.dialect.delimiter, newlines_in_values=QUOTE in block.text
            ),
            arrow_csv.ConvertOptions(
                include_columns=list(self.wanted),
                column_types=dict.fromkeys(self.wanted, text),
                strings_can_be_null=False,
                auto_dict_encode=False,
            ),
        )

    def _row_by_row(self, block: Block) -> Chunk:
        places = [self.columns.index(name) for name in self.wanted]
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
        text = block.text.decode(self.dialect.encoding, errors="surrogateescape")
        lines = io.StringIO(text, newline="")
        records = CsvRecords(lines, self.dialect.delimiter, block.line)
        while True:
            try:
                row = next(records)
            except StopIteration:
                return
            except Unclosed as error:
                raise unclosed(self.file, records.line) from error
            except Broken as error:
                yield records.line, [], str(error)
            else:
                if row:
                    yield records.line, row, self._wrong(row)

    def _wrong(self, row: Sequence[str]) -> str:
        if len(row) != len(self.columns):
            return ragged(len(row), len(self.columns))
        if any(ord(letter) in SURROGATES for cell in row for letter in cell if letter > "\ud7ff"):
            return f"is not {self.dialect.encoding} text"
        return ""


@dataclass
class _Lines:
    """Lines of a block's rows, counted only if asked for: blank lines and breaks in quotes shift them."""

    reader: CsvBlocks
    block: Block
    _found: list[int] = field(default_factory=list)

    def of(self, row: int) -> int:
        if not self._found:
            self._found = [line for line, _, _ in self.reader.rows(self.block)]
        return self._found[row]


def first_line(file: BinaryIO, start: int, dialect: Dialect) -> tuple[list[str], int, int]:
    """Return the names in the first line, the byte behind it and the next line's number."""
    file.seek(start)
    head = file.read(LONGEST_HEADER)
    text = head.decode(dialect.encoding, errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    names = next(reader, [])
    lines = text.split("\n")[: reader.line_num]
    length = len("\n".join(lines).encode(dialect.encoding, errors="surrogateescape"))
    return names, start + min(length + 1, len(head)), reader.line_num + 1
