"""CSV looked at while it arrives: its encoding, its shape, and whether its rows fit the schema."""

from __future__ import annotations

import base64
import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.abstraction.uploads.checking import LONGEST_RECORD, misfit, unreadable
from minerva.layers.abstraction.uploads.rows import ColumnCheck, RowCheck, column_faults
from minerva.schema import Schema
from minerva.schema.decoder import MAX_FAULTS

_END = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)
"""The end of a line; a carriage return at the very end may be half of one."""


ROWS_AT_ONCE = 1000


class _MoreToCome(Exception):
    """The lines that are here end within a record."""


class CsvCheck:
    """Looks at one CSV text whose first line names the columns."""

    def __init__(
        self,
        schema: Schema,
        *,
        delimiter: str = ",",
        encoding: str = "utf-8",
        decimal: str = ".",
        state: dict[str, Any] | None = None,
    ) -> None:
        self._check = RowCheck(schema, decimal)
        self._delimiter = delimiter
        self._encoding = encoding
        self._decoder = _decoder(encoding)
        self._columns: list[str] = []
        self._chosen: list[ColumnCheck] = []
        self._rest = ""
        self.rows = 0
        if state is not None:
            self._resume(state)

    def feed(self, piece: bytes) -> None:
        """See `ArrivalCheck`."""
        text, trouble = self._decoded(piece)
        self._look(text)
        if trouble is not None:
            raise unreadable(self._here(), trouble)

    def end(self, _path: Path, /) -> None:
        """See `ArrivalCheck`."""
        text, trouble = self._decoded(b"", final=True)
        if trouble is not None:
            raise unreadable(self._here(), trouble)
        self._look(text + "\n" if self._rest or text else "", final=True)
        if not self._columns:
            raise unreadable("row 1", "the data is empty; its first line must name the columns")

    def state(self) -> dict[str, Any]:
        """See `ArrivalCheck`."""
        pending, flags = self._decoder.getstate()
        return {
            "rows": self.rows,
            "columns": self._columns,
            "rest": self._rest,
            "decoder": [base64.b64encode(pending).decode("ascii"), flags],
        }

    def _resume(self, state: dict[str, Any]) -> None:
        pending, flags = state["decoder"]
        self._decoder.setstate((base64.b64decode(pending), flags))
        self.rows, self._rest = state["rows"], state["rest"]
        self._columns = state["columns"]
        self._chosen = self._check.chosen(self._columns)

    def _decoded(self, piece: bytes, *, final: bool = False) -> tuple[str, str | None]:
        """Return the text up to the first character that cannot be one, and what is wrong there."""
        before = self._decoder.getstate()
        try:
            text, trouble = self._decoder.decode(piece, final), None
        except UnicodeDecodeError as error:
            self._decoder.setstate(before)
            text = self._decoder.decode(piece[: max(0, error.start - len(before[0]))])
            trouble = f"holds what is no {self._encoding} text: say which encoding it has"
        good, nul, _ = text.partition("\0")
        if nul:
            return good, "holds a NUL character: is this CSV, and in this encoding?"
        return good, trouble

    def _look(self, text: str, *, final: bool = False) -> None:
        lines, tail = _lines(self._rest + text)
        feed = _Lines(lines, final=final)
        reader = csv.reader(feed, delimiter=self._delimiter, strict=True)
        looking = True
        while looking:
            looking = self._look_at_some(reader, feed)
        self._rest = "".join(feed.unsettled()) + tail
        if len(self._rest) > LONGEST_RECORD:
            raise unreadable(self._here(), f"is longer than {LONGEST_RECORD} characters")

    def _look_at_some(self, reader: Iterator[list[str]], feed: _Lines) -> bool:
        """Look at the next rows; return whether there may be more. What is wrong first is told first."""
        rows: list[list[str]] = []
        first, trouble, more = self.rows + 1, None, False
        try:
            for row in reader:
                feed.settle()
                if row or not self._columns:
                    self._take(row, rows)
                more = len(rows) == ROWS_AT_ONCE
                if more:
                    break
        except _MoreToCome:
            more = False
        except csv.Error as error:
            trouble = unreadable(self._here(), f"is not CSV: {error}")
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
        return more

    def _take(self, row: list[str], rows: list[list[str]]) -> None:
        if not self._columns:
            self._read_columns(row)
            return
        self.rows += 1
        if len(row) != len(self._columns):
            raise unreadable(
                f"row {self.rows}",
                f"has {len(row)} cells where the first line names {len(self._columns)} columns; "
                "is a delimiter unquoted, or is `delimiter` wrong?",
            )
        rows.append(row)

    def _read_columns(self, row: list[str]) -> None:
        if not row:
            raise unreadable("row 1", "the first line is blank; it must name the columns")
        repeated = sorted({name for name in row if row.count(name) > 1})
        if repeated:
            faults = [Fault(f'column "{name}"', "stands there more than once") for name in repeated]
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

    def _here(self) -> str:
        return f"row {self.rows + 1}"


def _lines(text: str) -> tuple[list[str], str]:
    """Return the whole lines with their ends, and what comes after them."""
    ends = [match.end() for match in _END.finditer(text)]
    begins = [0, *ends]
    return [text[a:b] for a, b in zip(begins, ends, strict=False)], text[begins[-1] :]


class _Lines:
    """Lines for the reader, which asks for more where a quoted cell goes on."""

    def __init__(self, lines: list[str], *, final: bool) -> None:
        self._lines = lines
        self._next = 0
        self._settled = 0
        self._final = final

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._next == len(self._lines):
            if self._final:
                raise StopIteration
            raise _MoreToCome
        self._next += 1
        return self._lines[self._next - 1]

    def settle(self) -> None:
        """The record that ends here is read."""
        self._settled = self._next

    def unsettled(self) -> list[str]:
        return self._lines[self._settled :]


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    name = codecs.lookup(encoding).name
    return codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()
