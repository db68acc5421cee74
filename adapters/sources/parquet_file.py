"""DataSource on a parquet file: types stay those of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.parquet_file import NotWhole, frames, opened_parquet

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


class ParquetSource:
    """Reads one file, a few rows at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield all rows."""
        try:
            with self._path.open("rb") as content, opened_parquet(content) as file:
                yield from frames(file, chunk_rows)
        except OSError as error:
            raise unreadable(self._path, error) from error
        except NotWhole as error:
            raise InvalidData(f"Data file {self._path} {error}: write it again.") from error

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup("parquet")

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""
