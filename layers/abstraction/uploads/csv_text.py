"""CSV cut into rows while it arrives: less than one row and a piece is kept in memory."""

from __future__ import annotations

import base64
import codecs
import csv
import re
from collections.abc import Iterator
from typing import Any

from minerva.layers.abstraction.uploads.checking import LONGEST_RECORD

_END = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)
"""The end of a line; a carriage return at the very end may be half of one."""


class Broken(Exception):
    """What comes next is no row, and nothing after it can be read; the message says why."""


class _MoreToCome(Exception):
    """The lines that are here end within a record."""


class CsvText:
    """One CSV text, in pieces of bytes. Blank lines are rows without cells."""

    def __init__(
        self, *, delimiter: str = ",", encoding: str = "utf-8", state: dict[str, Any] | None = None
    ) -> None:
        self._delimiter = delimiter
        self._encoding = encoding
        self._decoder = _decoder(encoding)
        self._rest = ""
        if state is not None:
            pending, flags = state["decoder"]
            self._decoder.setstate((base64.b64decode(pending), flags))
            self._rest = state["rest"]

    def rows(self, piece: bytes) -> Iterator[list[str]]:
        """Yield the rows that end in a piece. Raises Broken."""
        text, trouble = self._decoded(piece)
        yield from self._cut(text)
        if trouble is not None:
            raise Broken(trouble)

    def last_rows(self) -> Iterator[list[str]]:
        """Yield what is left when all has come. Raises Broken."""
        text, trouble = self._decoded(b"", final=True)
        if trouble is not None:
            raise Broken(trouble)
        yield from self._cut(text + "\n" if self._rest or text else "", final=True)

    def state(self) -> dict[str, Any]:
        """Return plain JSON values from which another process goes on."""
        pending, flags = self._decoder.getstate()
        return {
            "rest": self._rest,
            "decoder": [base64.b64encode(pending).decode("ascii"), flags],
        }

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

    def _cut(self, text: str, *, final: bool = False) -> Iterator[list[str]]:
        lines, tail = _lines(self._rest + text)
        feed = _Lines(lines, final=final)
        try:
            for row in csv.reader(feed, delimiter=self._delimiter, strict=True):
                feed.settle()
                yield row
        except _MoreToCome:
            pass
        except csv.Error as error:
            raise Broken(f"is not CSV: {error}") from None
        self._rest = "".join(feed.unsettled()) + tail
        if len(self._rest) > LONGEST_RECORD:
            raise Broken(f"is longer than {LONGEST_RECORD} characters")


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
