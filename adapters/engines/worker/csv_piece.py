"""Lines of a CSV file. Every cell is a text, as in local training."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from minerva.adapters.engines.worker.files import opened, reading, short
from minerva.adapters.sources.csv_file import check_dialect
from minerva.errors import Fault, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.formats.csv_text import Broken, CsvRecords
from minerva.layers.abstraction.formats.encoding import breaks_by_byte
from minerva.layers.abstraction.formats.header import OTHER_SIGN, ragged, repeated
from minerva.layers.abstraction.formats.layout import Dialect

if TYPE_CHECKING:
    import pandas as pd

PIECE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class CsvPiece:
    """Whole records from one byte of a file to another."""

    url: str
    form: Dialect
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
            records = (row for row in CsvRecords(lines, self.form.delimiter) if row)
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
            text = (
                line.removeprefix(BOM_UTF8)
                if self.line == 1 and self._most == float("inf")
                else line
            )
            self.consumed += len(line)
            yield text.decode(self._encoding)


def csv_pieces(url: str, form: Dialect) -> list[CsvPiece]:
    """Read a file once to see where its records end; return its pieces, at least one.

    Raises InvalidData for what is no CSV, naming the line.
    """
    check_dialect(form)
    if not breaks_by_byte(form.encoding):
        raise InvalidConfiguration(
            f"An engine cannot read CSV in {form.encoding}: convert the files to utf-8."
        )
    with reading(url), opened(url) as file:
        lines = _Lines(file, form.encoding)
        records = CsvRecords(lines, form.delimiter)
        try:
            return _pieces(url, form, lines, records)
        except Broken as error:
            raise _wrong(url, records.line, str(error)) from error
        except UnicodeError as error:
            raise _wrong(url, lines.line, f"is not {form.encoding} text") from error


def _pieces(url: str, form: Dialect, lines: _Lines, records: CsvRecords) -> list[CsvPiece]:
    columns = tuple(next(records, []))
    if not columns or repeated(columns):
        raise _wrong(url, 1, "must name the columns, each once")
    pieces: list[CsvPiece] = []
    start, first, row = lines.consumed, 1, 0
    for record in records:
        if record and len(record) != len(columns):
            message = ragged(len(record), len(columns))
            raise _wrong(url, records.line, f"{message}; {OTHER_SIGN}")
        row += bool(record)
        if lines.consumed - start >= PIECE_BYTES:
            end = lines.consumed
            pieces.append(CsvPiece(url, form, columns, start, end, first, row - first + 1))
            start, first = end, row + 1
    if row >= first or not pieces:
        end = lines.consumed
        pieces.append(CsvPiece(url, form, columns, start, end, first, row - first + 1))
    return pieces


def _wrong(url: str, line: int, message: str) -> InvalidData:
    fault = Fault(f"{short(url)}:{line}", f"the line {message}")
    return InvalidData(f"Data file {url} cannot be used.", faults=[fault])
