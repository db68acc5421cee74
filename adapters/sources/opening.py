"""From a declaration to the source that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.adapters.sources.folder import FileSource
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from minerva.adapters.sources.sequences import RowsOf, SequenceSource
    from minerva.adapters.sources.sql import SqlSource
    from minerva.layers.abstraction.services.declaration import DataDeclaration
    from minerva.layers.abstraction.training.source import DataSource

    Rows = FileSource | SqlSource


def open_source(
    declaration: DataDeclaration, workspace: Path, timeout_s: float
) -> FileSource | SqlSource | SequenceSource:
    """Return a source; nothing is read or connected yet.

    Relative paths, also the one of a SQLite URL, are below `workspace`. `timeout_s` bounds the wait for
    a locked or slow database. `declaration` has its environment references expanded.
    """
    if declaration.source == "sql":
        from minerva.adapters.sources.sql import SqlSource

        database = SqlSource(declaration, workspace, timeout_s)
        return _in_sequence(database, declaration, database.rows_of)
    return _in_sequence(_files(declaration, workspace), declaration, None)


def _in_sequence(
    source: Rows, declaration: DataDeclaration, rows_of: RowsOf | None
) -> Rows | SequenceSource:
    """Return what puts the rows in sequence, where that is declared."""
    if declaration.sequence is None:
        return source
    from minerva.adapters.sources.sequences import SequenceSource

    return SequenceSource(source, declaration.sequence, rows_of)


def _files(declaration: DataDeclaration, workspace: Path) -> FileSource:
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
