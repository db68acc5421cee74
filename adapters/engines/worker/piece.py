"""A part of the data that one task reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

PIECE_VALUES = 4_000_000
"""How many values a piece has about, so that each takes a second or two."""


class Piece(Protocol):
    """Where some rows are. Travels to the worker that reads them."""

    @property
    def name(self) -> str:
        """What a person finds it by."""

    @property
    def rows(self) -> int:
        """How many rows, about."""

    @property
    def first_row(self) -> int:
        """Number of its first row, as `name` counts them."""

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows in order, as `DataSource.frames` does.

        Raises InvalidData or Unavailable.
        """
