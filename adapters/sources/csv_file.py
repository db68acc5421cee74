"""DataSource on a CSV file: cells stay text, so that the schema alone says what they mean.

The standard library's reader is used, not pandas': it knows the line of every mistake, and it does not
fill up a row that is too short.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import Fault, InvalidConfiguration, InvalidData

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

Row = list[str]


class CsvSource:
    """Reads a file whose first line names the columns."""

    def __init__(self, path: Path, delimiter: str, encoding: str) -> None:
        self._path = path
        self._delimiter = delimiter
        self._encoding = open_encoding(delimiter, encoding)

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield all rows, every cell a text."""
        import pandas as pd

        try:
            with self._path.open(encoding=self._encoding, newline="") as file:
                rows = self._rows(file)
                columns = next(rows)
                chunk = list(islice(rows, chunk_rows))
                while True:
                    yield pd.DataFrame(chunk, columns=pd.Index(columns), dtype=str)
                    chunk = list(islice(rows, chunk_rows))
                    if not chunk:
                        return
        except OSError as error:
            raise unreadable(self._path, error) from error
        except UnicodeError as error:
            raise self._wrong_encoding() from error

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup("csv")

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""

    def _rows(self, file: TextIO) -> Iterator[Row]:
        """Yield the names of the columns, then each row that is not blank."""
        reader = csv.reader(file, delimiter=self._delimiter, strict=True)
        columns: Row = []
        try:
            for row in reader:
                if not columns:
                    columns = self._check_columns(row)
                elif row and len(row) != len(columns):
                    raise self._wrong(reader.line_num, _ragged(len(row), len(columns)))
                if row:
                    yield row
        except csv.Error as error:
            raise self._wrong(reader.line_num, f"is not CSV: {error}") from error
        if not columns:
            raise self._wrong(1, "is empty; the first line must name the columns")

    def _check_columns(self, row: Row) -> Row:
        repeated = sorted({name for name in row if row.count(name) > 1})
        if repeated:
            raise self._wrong(1, f"names {', '.join(map(repr, repeated))} more than once")
        if not row:
            raise self._wrong(1, "is blank; the first line must name the columns")
        return row

    def _wrong_encoding(self) -> InvalidData:
        declared = "utf-8" if self._encoding == "utf-8-sig" else self._encoding
        return self._wrong(
            self._undecodable_line(), f"is not {declared} text; set `encoding` under `data`"
        )

    def _undecodable_line(self) -> int:
        """Find the line, which the reader passed long ago: it decodes ahead of what it yields."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode(self._encoding)
                except UnicodeError:
                    return number
        return 1

    def _wrong(self, line: int, message: str) -> InvalidData:
        where = f"{self._path.name}:{line}"
        return InvalidData(
            f"Data file {self._path} cannot be used.", faults=[Fault(where, f"the line {message}")]
        )


def _ragged(cells: int, columns: int) -> str:
    hint = "is a delimiter unquoted, or is `delimiter` wrong?"
    return f"has {cells} cells where the first line names {columns} columns; {hint}"


def open_encoding(delimiter: str, encoding: str) -> str:
    """Return the encoding to open a file with. Raises InvalidConfiguration for what no CSV has."""
    import codecs

    if delimiter in '"\r\n':
        raise InvalidConfiguration("`delimiter` under `data` cannot be a quote or a line break.")
    try:
        is_utf8 = codecs.lookup(encoding).name == "utf-8"
    except (LookupError, ValueError) as error:  # a NUL in a name is a ValueError
        raise InvalidConfiguration(
            f"There is no encoding {encoding!r}: write one such as utf-8, latin-1 or cp1252."
        ) from error
    return "utf-8-sig" if is_utf8 else encoding
