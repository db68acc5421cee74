"""Row groups of a parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minerva.adapters.engines.worker.files import opened, reading, short
from minerva.adapters.engines.worker.piece import PIECE_VALUES
from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.parquet_file import NotWhole, frames, opened_parquet

COLUMN_BYTES = 64 * 1024
"""Of each column so much is read ahead."""

if TYPE_CHECKING:
    import pandas as pd
    from pyarrow.parquet import ParquetFile


@dataclass(frozen=True)
class ParquetPiece:
    """Some row groups that follow each other."""

    url: str
    groups: tuple[int, ...]
    columns: tuple[str, ...]
    first_row: int
    rows: int

    @property
    def name(self) -> str:
        """The file's name; its rows are counted from 1."""
        return short(self.url)

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows; types stay those of the file."""
        with _parquet(self.url) as file:
            yield from frames(file, chunk_rows, self.columns, self.groups, threads=False)


def parquet_pieces(url: str, wanted: Sequence[str]) -> list[ParquetPiece]:
    """Return the pieces of a file, of the columns that are wanted and there; at least one."""
    with _parquet(url) as file:
        names = file.schema_arrow.names
        columns = tuple(name for name in names if name in set(wanted))
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    most = max(PIECE_VALUES // max(len(columns), 1), 1)
    pieces: list[ParquetPiece] = []
    groups: list[int] = []
    first, rows = 1, 0
    for group, size in enumerate(sizes):
        if groups and rows + size > most:
            pieces.append(ParquetPiece(url, tuple(groups), columns, first, rows))
            groups, first, rows = [], first + rows, 0
        groups.append(group)
        rows += size
    return [*pieces, ParquetPiece(url, tuple(groups), columns, first, rows)]


@contextmanager
def _parquet(url: str) -> Iterator[ParquetFile]:
    """Open a parquet file that is read as it comes, not ahead; translate what goes wrong meanwhile."""
    from pyarrow import default_memory_pool

    with reading(url):
        try:
            with opened(url) as source, opened_parquet(source, buffer_size=COLUMN_BYTES) as file:
                yield file
            default_memory_pool().release_unused()
        except NotWhole as error:
            raise InvalidData(f"Data file {url} {error}: write it again.") from error
