"""DataSource on a parquet file: types stay those of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import InvalidData

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


class ParquetSource:
    """Reads one file, a few rows at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield all rows."""
        from pyarrow import ArrowException, parquet

        if not self._path.exists():
            raise unreadable(self._path, FileNotFoundError(2, "No such file or directory"))
        try:
            with parquet.ParquetFile(self._path) as file:
                if file.metadata.num_rows == 0:
                    yield file.schema_arrow.empty_table().to_pandas()
                for batch in file.iter_batches(batch_size=chunk_rows):
                    yield batch.to_pandas()
        except PermissionError as error:
            raise unreadable(self._path, error) from error
        except (ArrowException, OSError) as error:
            raise InvalidData(
                f"Data file {self._path} is not a whole parquet file: write it again."
            ) from error

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup("parquet")

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""
