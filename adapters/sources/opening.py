"""From a declaration to the source that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.adapters.sources.folder import FileSource
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from minerva.adapters.sources.sql import SqlSource
    from minerva.layers.abstraction.services.declaration import DataDeclaration
    from minerva.layers.abstraction.training.source import DataSource


def open_source(
    declaration: DataDeclaration, workspace: Path, timeout_s: float
) -> FileSource | SqlSource:
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
    return FileSource(path, declaration.source, _file_opener(declaration))


def _file_opener(declaration: DataDeclaration) -> Callable[[Path], DataSource]:
    if declaration.source == "parquet":
        from minerva.adapters.sources.parquet_file import ParquetSource

        return ParquetSource
    if declaration.source == "ndjson":
        from minerva.adapters.sources.ndjson_file import NdjsonSource

        return NdjsonSource
    from minerva.adapters.sources.csv_file import CsvSource, check_dialect
    from minerva.layers.abstraction.formats.layout import Dialect

    dialect = Dialect(declaration.delimiter, declaration.encoding, declaration.decimal)
    check_dialect(dialect)  # a mistake is told before anything is read
    return lambda path: CsvSource(path, dialect)
