"""DataSource on a CSV file: cells stay text, so that the schema alone says what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import Fault, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.formats.csv_text import Broken, CsvText, Undecodable
from minerva.layers.abstraction.formats.encoding import is_text_encoding
from minerva.layers.abstraction.formats.header import OTHER_SIGN, ragged, repeated
from minerva.layers.abstraction.formats.layout import QUOTES, Dialect

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

Row = list[str]


class CsvSource:
    """Reads a file whose first line names the columns."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self._path = path
        self._dialect = dialect

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield all rows, every cell a text."""
        import pandas as pd

        try:
            with self._path.open("rb") as file:
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

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup("csv")

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""

    def _rows(self, file: BinaryIO) -> Iterator[Row]:
        """Yield the names of the columns, then each row that is not blank."""
        text = CsvText(self._dialect, trusted=True)
        columns: Row = []
        try:
            for row in text.rows_of(file):
                if not columns:
                    columns = self._check_columns(row)
                elif row and len(row) != len(columns):
                    message = ragged(len(row), len(columns))
                    raise self._wrong(text.line, f"{message}; {OTHER_SIGN}")
                if row:
                    yield row
        except Undecodable as error:
            message = f"is not {self._dialect.encoding} text; set `encoding` under `data`"
            raise self._wrong(text.line, message) from error
        except Broken as error:
            raise self._wrong(text.line, str(error)) from error
        if not columns:
            raise self._wrong(1, "is empty; the first line must name the columns")

    def _check_columns(self, row: Row) -> Row:
        if twice := repeated(row):
            raise self._wrong(1, f"names {', '.join(map(repr, twice))} more than once")
        if not row:
            raise self._wrong(1, "is blank; the first line must name the columns")
        return row

    def _wrong(self, line: int, message: str) -> InvalidData:
        where = f"{self._path.name}:{line}"
        return InvalidData(
            f"Data file {self._path} cannot be used.", faults=[Fault(where, f"the line {message}")]
        )


def check_dialect(dialect: Dialect) -> None:
    """Raise InvalidConfiguration for what no CSV is written in."""
    if dialect.delimiter in QUOTES:
        raise InvalidConfiguration("`delimiter` under `data` cannot be a quote or a line break.")
    if not is_text_encoding(dialect.encoding):
        raise InvalidConfiguration(
            f"There is no encoding {dialect.encoding!r}: write one such as utf-8, latin-1 or cp1252."
        )
