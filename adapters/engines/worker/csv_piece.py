"""Lines of a CSV file. Every cell is a text, as in local training."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from minerva.adapters.engines.worker.files import opened, reading, short
from minerva.errors import Fault, InvalidConfiguration, InvalidData

if TYPE_CHECKING:
    import pandas as pd

PIECE_BYTES = 32 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvFormat:
    """How a file is written."""

    delimiter: str
    encoding: str


@dataclass(frozen=True)
class CsvPiece:
    """Whole records from one byte of a file to another."""

    url: str
    form: CsvFormat
    columns: tuple[str, ...]
    start: int
    end: int
    first_row: int
    rows: int

    @property
    def name(self) -> str:
        """The file's name; its rows are counted from 1, the first line aside."""
        return short(self.url)

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows."""
        import pandas as pd

        with reading(self.url), opened(self.url) as file:
            file.seek(self.start)
            lines = _Lines(file, self.form.encoding, self.end - self.start)
            records = (row for row in csv.reader(lines, delimiter=self.form.delimiter) if row)
            while chunk := list(islice(records, chunk_rows)):
                yield pd.DataFrame(chunk, columns=pd.Index(self.columns), dtype=str)


class _Lines:
    """The lines of a part of a file as text, and how many bytes they had."""

    def __init__(self, file: IO[bytes], encoding: str, most: float = float("inf")) -> None:
        self.consumed = 0
        self.line = 0
        self._file = file
        self._encoding = encoding
        self._most = most

    def __iter__(self) -> Iterator[str]:
        while self.consumed < self._most and (line := self._file.readline()):
            self.line += 1
            text = line.removeprefix(BOM) if self.line == 1 and self._most == float("inf") else line
            self.consumed += len(line)
            yield text.decode(self._encoding)


def csv_pieces(url: str, form: CsvFormat) -> list[CsvPiece]:
    """Read a file once to see where its records end; return its pieces, at least one.

    Raises InvalidData for what is no CSV, naming the line.
    """
    _check_encoding(form.encoding)
    with reading(url), opened(url) as file:
        lines = _Lines(file, form.encoding)
        try:
            return _pieces(url, form, lines)
        except (csv.Error, UnicodeError) as error:
            plain = error if isinstance(error, csv.Error) else f"is not {form.encoding} text"
            raise _wrong(url, lines.line, f"cannot be read: {plain}") from error


def _pieces(url: str, form: CsvFormat, lines: _Lines) -> list[CsvPiece]:
    records = csv.reader(lines, delimiter=form.delimiter, strict=True)
    columns = tuple(next(records, []))
    if not columns or len(set(columns)) < len(columns):
        raise _wrong(url, 1, "must name the columns, each once")
    pieces: list[CsvPiece] = []
    start, first, row = lines.consumed, 1, 0
    for record in records:
        if record and len(record) != len(columns):
            raise _wrong(url, lines.line, f"has {len(record)} cells, the first line {len(columns)}")
        row += bool(record)
        if lines.consumed - start >= PIECE_BYTES:
            end = lines.consumed
            pieces.append(CsvPiece(url, form, columns, start, end, first, row - first + 1))
            start, first = end, row + 1
    if row >= first or not pieces:
        end = lines.consumed
        pieces.append(CsvPiece(url, form, columns, start, end, first, row - first + 1))
    return pieces


def _check_encoding(encoding: str) -> None:
    """Lines are found by their bytes, so a line break must be one."""
    try:
        fits = "\n".encode(encoding) == b"\n"
    except LookupError as error:
        raise InvalidConfiguration(
            f"There is no encoding {encoding!r}: write one such as utf-8, latin-1 or cp1252."
        ) from error
    if not fits:
        raise InvalidConfiguration(
            f"An engine cannot read CSV in {encoding}: convert the files to utf-8."
        )


def _wrong(url: str, line: int, message: str) -> InvalidData:
    fault = Fault(f"{short(url)}:{line}", f"the line {message}")
    return InvalidData(f"Data file {url} cannot be used.", faults=[fault])
