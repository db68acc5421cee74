"""Remembering what a step made of some content, for the same content."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.step import Columns, Items

MOST = 100_000
"""Rows that are remembered, of all steps of a flow; those not asked for go first."""

Row = dict[str, Any]


class Cache:
    """Rows by the digest of what they were made of."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._rows: OrderedDict[bytes, tuple[float, Row]] = OrderedDict()
        self._lock = Lock()

    def get(self, keys: Sequence[bytes]) -> list[Row | None]:
        """Return what is known under each key, None where nothing is."""
        now = time.monotonic()
        with self._lock:
            return [self._fresh(key, now) for key in keys]

    def put(self, keys: Sequence[bytes], rows: Sequence[Row], seconds: float) -> None:
        """Remember rows for some seconds."""
        until = time.monotonic() + seconds
        with self._lock:
            for key, row in zip(keys, rows, strict=True):
                self._rows[key] = (until, row)
                self._rows.move_to_end(key)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)

    def _fresh(self, key: bytes, now: float) -> Row | None:
        found = self._rows.get(key)
        if found is None:
            return None
        until, row = found
        if until < now:
            del self._rows[key]
            return None
        self._rows.move_to_end(key)
        return row


def keys_of(items: Items, step: str, by: str) -> list[bytes]:
    """Return a digest for each item: of its values, of the step, and of `by`, what made it."""
    parts = [_bytes(column) for _, column in sorted(items.columns.items())]
    start = f"{step}\0{by}".encode()
    keys = []
    for row in range(len(items)):
        digest = blake2b(start, digest_size=20)
        for column in parts:
            value = column(row)
            digest.update(len(value).to_bytes(8, "big"))
            digest.update(value)
        keys.append(digest.digest())
    return keys


def row_of(columns: Columns, row: int) -> Row:
    """Return one row."""
    return {name: column[row] for name, column in columns.items()}


def filled(columns: Columns, rows: Sequence[Row | None]) -> Columns:
    """Return the columns with the known rows in their places, in the order of `rows`.

    `columns` hold the rows that were not known, in order; empty where all were, or nothing was made of
    them: then something stands in their places.
    """
    first = next((row for row in rows if row is not None), None)
    if first is None:
        return columns
    made = {}
    for name in first:
        new = iter(columns[name]) if name in columns else iter(())
        values = [next(new, first[name]) if row is None else row[name] for row in rows]
        column = np.empty(len(values), dtype=_dtype(first[name]))
        column[:] = values
        made[name] = column
    return made


def _dtype(value: Any) -> Any:
    return value.dtype if isinstance(value, np.generic) else object


def _bytes(column: NDArray[Any]) -> Any:
    if column.dtype == object:
        return lambda row: b"\0" if column[row] is None else b"\1" + str(column[row]).encode()
    return lambda row: column[row].tobytes()
