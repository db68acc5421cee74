"""A text's rows, so many at a time as are asked together."""

from __future__ import annotations

from collections.abc import Iterator

from minerva.layers.core.protocols.rows.row import Row, Rows

MOST_CHARACTERS = 1024 * 1024
"""Rows that are asked together have no more, the last one aside."""
MOST_KEYS = 100
"""Rows that are asked by key together: each is looked up within one deadline."""
PIECE = 64 * 1024


def chunks(reader: Rows, body: bytes, most_rows: int) -> Iterator[list[Row]]:
    """Yield a text's rows, those by key apart from the others. Raises what the reader raises."""
    chunk = _Chunk(most_rows)
    for row in _all(reader, body):
        if not chunk.takes(row):
            yield chunk.rows
            chunk = _Chunk(most_rows)
        chunk.add(row)
    if chunk.rows:
        yield chunk.rows


class _Chunk:
    """Rows that are asked together; those that say nothing go with any."""

    def __init__(self, most_rows: int) -> None:
        self.rows: list[Row] = []
        self._most_rows = most_rows
        self._by_key: bool | None = None
        self._size = 0

    def takes(self, row: Row) -> bool:
        """Whether a row may be asked together with those that are here."""
        most = min(self._most_rows, MOST_KEYS) if self._by_key else self._most_rows
        if len(self.rows) >= most or self._size >= MOST_CHARACTERS:
            return False
        return bool(row.wrong) or self._by_key in {None, row.by_key}

    def add(self, row: Row) -> None:
        """Take one more row."""
        self.rows.append(row)
        self._size += row.size
        if not row.wrong:
            self._by_key = row.by_key


def _all(reader: Rows, body: bytes) -> Iterator[Row]:
    for begin in range(0, len(body), PIECE):
        yield from reader.feed(body[begin : begin + PIECE])
    yield from reader.end()
