"""The port to a user's data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from minerva.layers.abstraction.services.declaration import DataDeclaration

if TYPE_CHECKING:
    import pandas as pd


class DataSource(Protocol):
    """A table that is read in chunks, and one record of it by key."""

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the table in order. CSV cells are str ('' where empty); other sources keep types.

        At least one frame is yielded, with all columns even if no rows. Raises InvalidData (file
        missing, query wrong, one clear sentence) or Unavailable (database away).
        """

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:
        """Return one record per key, None where there is none. Loads no pandas.

        Raises InvalidConfiguration if the declaration has no lookup.
        """


OpenSource = Callable[[DataDeclaration], DataSource]
"""Turns a declaration (environment references already expanded) into a source; does no I/O yet."""
