"""From a declaration to the source that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from pathlib import Path

    from minerva.adapters.sources.csv_file import CsvSource
    from minerva.adapters.sources.parquet_file import ParquetSource
    from minerva.adapters.sources.sql import SqlSource
    from minerva.layers.abstraction.services.declaration import DataDeclaration


def open_source(
    declaration: DataDeclaration, workspace: Path, timeout_s: float
) -> CsvSource | ParquetSource | SqlSource:
    """Return a source; nothing is read or connected yet.

    Relative paths, also the one of a SQLite URL, are below `workspace`. `timeout_s` bounds the wait for
    a locked or slow database. `declaration` has its environment references expanded.
    """
    if declaration.source == "sql":
        from minerva.adapters.sources.sql import SqlSource

        return SqlSource(declaration, workspace, timeout_s)
    if declaration.path is None:
        raise InvalidConfiguration(f"source: {declaration.source} needs a path.")
    path = workspace / declaration.path
    if declaration.source == "parquet":
        from minerva.adapters.sources.parquet_file import ParquetSource

        return ParquetSource(path)
    from minerva.adapters.sources.csv_file import CsvSource

    return CsvSource(path, declaration.delimiter, declaration.encoding)
