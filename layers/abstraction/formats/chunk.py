"""What readers hand over: some rows of an input, as Arrow columns, and where each of them stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class NoRecord(ValueError):
    """A row cannot be read as a record; the message says why, without any value of it."""


@dataclass(frozen=True)
class Fault:
    """Why one row was not taken; never with a value of it."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows that stand together in an input."""

    rows: int
    columns: Mapping[str, pa.Array]
    """Column → its values, shape (rows,); those that are no inputs of the service may be missing."""
    number: Callable[[int], int]
    """Returns row i's line in a text file, else its place in the input; from 1."""
    record: Callable[[int], Any]
    """Returns row i as the JSON that a caller would have sent. Raises NoRecord."""
    broken: Sequence[Fault] = ()
    """Rows that are none: too short, or not of the file's encoding. They stand in no column."""


@dataclass(frozen=True, eq=False)
class Records:
    """Rows that stand together and are no columns: JSON of several kinds."""

    records: Sequence[Any]
    numbers: Sequence[int]
    broken: Sequence[Fault] = ()


@dataclass(frozen=True, eq=False)
class Read:
    """Some rows, and where reading goes on."""

    rows: Chunk | Records
    next: int
    """Byte or row behind them."""
    number: int
    """Line or place of the row that stands there, from 1."""
