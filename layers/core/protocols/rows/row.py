"""One row of a text, and the port of what reads them while they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from minerva.schema import Schema


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says, or why it says nothing."""

    number: int
    """Counted from 1: the row of a table, the line of an NDJSON text."""
    content: Any = None
    """As its reader's `records` takes it; the key of a row that asks by key."""
    wrong: str = ""
    by_key: bool = False
    """Whether its record is to be looked up."""
    size: int = 0
    """Characters or bytes that it takes, more or less."""


class Rows(Protocol):
    """Reads one text in pieces; keeps less than a row and a piece in memory."""

    def feed(self, piece: bytes) -> Iterator[Row]:
        """Yield the rows that end in a piece.

        Raises InvalidBody where nothing more can be read, InvalidInput if it is no table of the service.
        """

    def end(self) -> Iterator[Row]:
        """Yield what is left when all has come. Raises as `feed`."""

    def records(self, schema: Schema, contents: Sequence[Any]) -> list[Any]:
        """Return JSON records of rows' contents, as a caller would have sent them."""

    def place(self, number: int, field: str = "") -> str:
        """Tell where a row stands in the text, or a field in it."""
