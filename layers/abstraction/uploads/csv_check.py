"""CSV looked at while it arrives: its encoding, its shape, and whether its rows fit the schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.abstraction.formats.csv_text import Broken, CsvText
from minerva.layers.abstraction.formats.header import OTHER_SIGN, REPEATED, ragged, repeated
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.uploads.checking import misfit, unreadable
from minerva.layers.abstraction.uploads.rows import ColumnCheck, RowCheck, Wanted, column_faults
from minerva.schema.decoder import MAX_FAULTS

ROWS_AT_ONCE = 1000


class CsvCheck:
    """Looks at one CSV text whose first line names the columns."""

    def __init__(
        self,
        wanted: Wanted,
        dialect: Dialect,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._check = RowCheck(wanted, dialect.decimal)
        self._text = CsvText(dialect, state=state)
        self.rows: int = 0 if state is None else state["rows"]
        self._columns: list[str] = [] if state is None else state["columns"]
        self._chosen: list[ColumnCheck] = self._check.chosen(self._columns)

    def feed(self, piece: bytes) -> None:
        """See `ArrivalCheck`."""
        self._look(self._text.rows(piece))

    def end(self, _path: Path, /) -> None:
        """See `ArrivalCheck`."""
        self._look(self._text.last_rows())
        if not self._columns:
            raise unreadable("row 1", "the data is empty; its first line must name the columns")

    def state(self) -> dict[str, Any]:
        """See `ArrivalCheck`."""
        return {"rows": self.rows, "columns": self._columns, **self._text.state()}

    def _look(self, rows: Iterator[list[str]]) -> None:
        while self._look_at_some(rows):
            pass

    def _look_at_some(self, come: Iterator[list[str]]) -> bool:
        """Look at the next rows; return whether there may be more. What is wrong first is told first."""
        rows: list[list[str]] = []
        first, trouble = self.rows + 1, None
        try:
            for row in come:
                if row or not self._columns:
                    self._take(row, rows)
                if len(rows) == ROWS_AT_ONCE:
                    break
        except Broken as error:
            trouble = unreadable(f"row {self.rows + 1}", str(error))
        except InvalidBody as error:
            trouble = error
        faults = [
            Fault(f'column "{name}", row {first + at}', why)
            for at, name, why in column_faults(rows, self._chosen)
        ]
        if faults:
            raise misfit(faults)
        if trouble is not None:
            raise trouble
        return len(rows) == ROWS_AT_ONCE

    def _take(self, row: list[str], rows: list[list[str]]) -> None:
        if not self._columns:
            self._read_columns(row)
            return
        self.rows += 1
        if len(row) != len(self._columns):
            message = ragged(len(row), len(self._columns))
            raise unreadable(f"row {self.rows}", f"{message}; {OTHER_SIGN}")
        rows.append(row)

    def _read_columns(self, row: list[str]) -> None:
        if not row:
            raise unreadable("row 1", "the first line is blank; it must name the columns")
        if twice := repeated(row):
            faults = [Fault(f'column "{name}"', REPEATED) for name in twice]
            raise misfit(faults[:MAX_FAULTS])
        absent = self._check.absent(row)
        if absent:
            raise self._without(row, absent)
        self._columns = row
        self._chosen = self._check.chosen(row)

    def _without(self, row: list[str], absent: list[Fault]) -> InvalidInput:
        """Say which columns are missing, and what may be the reason."""
        if len(row) == 1 and (other := next((one for one in ";\t|," if one in row[0]), None)):
            hint = f"the first line has {other!r} in it: is that the delimiter?"
            absent = [Fault("row 1", hint), *absent]
        return misfit(absent[:MAX_FAULTS])
