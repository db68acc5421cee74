"""CSV cut into rows (RFC 4180), from lines or from pieces of bytes as they arrive.

https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import base64
import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO

from minerva.layers.abstraction.formats.encoding import read_as
from minerva.layers.abstraction.formats.layout import Dialect

LONGEST_RECORD = 1024 * 1024
"""Characters of one row that a stranger sends: a longer one is no table, and must not fill the memory."""
PIECE = 256 * 1024
_UNCLOSED = "unexpected end of data"
"""What the standard library's reader says where text ends within quotes."""


class Broken(Exception):
    """What comes next is no row; the message says why."""


class Unclosed(Broken):
    """A quote has no end: all behind it would be one cell."""


class Undecodable(Broken):
    """There are bytes that mean nothing in the encoding."""


class _MoreToCome(Exception):
    """The lines that are here end within a record."""


class CsvRecords:
    """The records of lines that keep their ends. One that is broken is followed by others."""

    def __init__(self, lines: Iterable[str], delimiter: str, line: int = 1) -> None:
        """`line`: the number of the first one."""
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self._first = line
        self.line = line
        """Where the record begins that was asked for last."""

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        """Return the next record; a blank line is one without cells. Raises Broken."""
        self.line = self._first + self._reader.line_num
        try:
            return next(self._reader)
        except csv.Error as error:
            kind = Unclosed if str(error) == _UNCLOSED else Broken
            raise kind(f"is not CSV: {error}") from None


class CsvText:
    """One CSV text, in pieces of bytes: less than one row and a piece is kept in memory."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        trusted: bool = False,
        state: dict[str, Any] | None = None,
    ) -> None:
        """`trusted`: rows may be of any length and cells hold NUL, as no stranger sends them."""
        self._dialect = dialect
        self._trusted = trusted
        self._decoder = codecs.getincrementaldecoder(read_as(dialect.encoding))()
        self._rest = ""
        line = 1
        if state is not None:
            pending, flags = state["decoder"]
            self._decoder.setstate((base64.b64decode(pending), flags))
            self._rest, line = state["rest"], state.get("line", 1)
        self._records = CsvRecords((), dialect.delimiter, line)

    @property
    def line(self) -> int:
        """Where the row begins that came last, or that is broken; from 1."""
        return self._records.line

    def rows(self, piece: bytes) -> Iterator[list[str]]:
        """Yield the rows that end in a piece. Raises Broken: nothing after it can be read."""
        text, trouble = self._decoded(piece)
        yield from self._cut(text)
        if trouble is not None:
            raise trouble

    def last_rows(self) -> Iterator[list[str]]:
        """Yield what is left when all has come. Raises Broken."""
        text, trouble = self._decoded(b"", final=True)
        if trouble is not None:
            raise trouble
        yield from self._cut(text + "\n" if self._rest or text else "", final=True)

    def rows_of(self, file: BinaryIO) -> Iterator[list[str]]:
        """Yield all rows of a file. Raises Broken."""
        for piece in iter(partial(file.read, PIECE), b""):
            yield from self.rows(piece)
        yield from self.last_rows()

    def state(self) -> dict[str, Any]:
        """Return plain JSON values from which another process goes on."""
        pending, flags = self._decoder.getstate()
        return {
            "rest": self._rest,
            "line": self.line,
            "decoder": [base64.b64encode(pending).decode("ascii"), flags],
        }

    def _decoded(self, piece: bytes, *, final: bool = False) -> tuple[str, Broken | None]:
        """Return the text up to the first character that cannot be one, and what is wrong there."""
        before = self._decoder.getstate()
        trouble: Broken | None = None
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeError as error:  # UTF-16 without its mark is none that tells a place
            good = getattr(error, "start", 0) - len(before[0])
            self._decoder.setstate(before)
            text = self._readable(piece[: max(0, good)])
            encoding = self._dialect.encoding
            trouble = Undecodable(f"is not {encoding} text: say which encoding it has")
        good, nul, _ = text.partition("\0")
        if nul and not self._trusted:
            return good, Broken("holds a NUL character: is this CSV, and in this encoding?")
        return text, trouble

    def _readable(self, piece: bytes) -> str:
        """Return the text of a piece; none where its end is needed, too, as in UTF-16 without its mark."""
        try:
            return self._decoder.decode(piece)
        except UnicodeError:
            return ""

    def _cut(self, text: str, *, final: bool = False) -> Iterator[list[str]]:
        lines, tail = _lines(self._rest + text)
        first = self.line
        feed = lines if final else _and_more(lines)
        self._records = CsvRecords(feed, self._dialect.delimiter, first)
        with suppress(_MoreToCome):
            yield from self._records
        self._rest = "".join(lines[self.line - first :]) + tail
        if len(self._rest) > LONGEST_RECORD and not self._trusted:
            raise Broken(f"is longer than {LONGEST_RECORD} characters")


def _lines(text: str) -> tuple[list[str], str]:
    """Return the whole lines with their ends, and what comes after them.

    A carriage return at the very end may be half of a line's end.
    """
    lines = list(io.StringIO(text, newline=""))
    tail = lines.pop() if lines and not lines[-1].endswith("\n") else ""
    return lines, tail


def _and_more(lines: list[str]) -> Iterator[str]:
    """Yield lines for the reader, which asks for more where a quoted cell goes on."""
    yield from lines
    raise _MoreToCome
