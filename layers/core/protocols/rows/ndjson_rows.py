"""Rows of an NDJSON text: a record or a key on each line, as strict as in JSON."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minerva.layers.abstraction.formats.chunk import NoRecord
from minerva.layers.abstraction.formats.ndjson_line import LONGEST_LINE, read_object
from minerva.layers.abstraction.uploads.checking import unreadable
from minerva.layers.core.protocols.rows.row import Row
from minerva.schema import Schema
from minerva.schema.decoder import pointer

KEY = "key"
RepeatedKey = Callable[[bytes, Any], str | None]
"""Returns the JSON pointer of the first key that stands twice in a document, or None."""


class NdjsonRows:
    """Reads one text of JSON lines in UTF-8; blank lines count as lines and mean nothing.

    `{"key": …}` asks by key, unless the service has a field of that name.
    """

    def __init__(self, schema: Schema, repeated_key: RepeatedKey) -> None:
        self._asks_by_key = KEY not in {*schema.inputs, schema.key}
        self._repeated_key = repeated_key
        self._rest = b""
        self._number = 0

    def feed(self, piece: bytes) -> Iterator[Row]:
        """See `Rows`."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield from self._line(line)
        if len(self._rest) > LONGEST_LINE:
            raise self._endless()

    def end(self) -> Iterator[Row]:
        """See `Rows`."""
        if self._rest:
            yield from self._line(self._rest)

    def records(self, _schema: Schema, contents: Sequence[Any]) -> list[Any]:
        """See `Rows`."""
        return list(contents)

    def place(self, number: int, field: str = "") -> str:
        """See `Rows`."""
        return f"line {number}, /{pointer(field)}" if field else f"line {number}"

    def _line(self, line: bytes) -> Iterator[Row]:
        if not self._number:
            line = line.removeprefix(BOM_UTF8)
        if len(line) > LONGEST_LINE:
            raise self._endless()
        self._number += 1
        if line.strip():
            yield self._row(line)

    def _row(self, line: bytes) -> Row:
        number, size = self._number, len(line)
        try:
            said = read_object(line)
        except NoRecord as error:
            return Row(number, wrong=str(error), size=size)
        repeated = self._repeated_key(line, said)
        if repeated is not None:
            return Row(number, wrong=f"repeats the key {repeated}", size=size)
        if not (self._asks_by_key and said.keys() == {KEY}):
            return Row(number, said, size=size)
        key = said[KEY]
        if type(key) is not str and type(key) is not int:
            return Row(number, wrong="has a key that is neither text nor integer", size=size)
        return Row(number, key, by_key=True, size=size)

    def _endless(self) -> Exception:
        return unreadable(self.place(self._number + 1), f"is longer than {LONGEST_LINE} bytes")
