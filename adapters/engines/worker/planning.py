"""From declared data to the pieces that tasks read. Runs on a worker, which sees what workers see."""

from __future__ import annotations

from pathlib import Path

from minerva.adapters.engines.worker.csv_piece import CsvPiece, csv_pieces
from minerva.adapters.engines.worker.files import list_files
from minerva.adapters.engines.worker.parquet_piece import ParquetPiece, parquet_pieces
from minerva.adapters.engines.worker.sql_piece import Database, SqlPiece, sql_pieces
from minerva.layers.abstraction.formats.layout import Dialect, suffixes_of
from minerva.layers.abstraction.services.declaration import DataDeclaration


def list_data(data: DataDeclaration, workspace: str) -> list[str]:
    """Return the files of declared data, of a folder those that local training reads."""
    path = data.path or ""
    url = path if "://" in path else str(Path(workspace) / path)
    return list_files(url, suffixes_of(data.source))


def plan_file(
    data: DataDeclaration, url: str, columns: tuple[str, ...]
) -> list[ParquetPiece] | list[CsvPiece]:
    """Return the pieces of one file."""
    if data.source == "parquet":
        return list(parquet_pieces(url, columns))
    return list(csv_pieces(url, Dialect(data.delimiter, data.encoding)))


def plan_query(
    data: DataDeclaration, workspace: str, timeout_s: float, columns: tuple[str, ...]
) -> list[SqlPiece]:
    """Return the pieces of a query."""
    return sql_pieces(Database(data, workspace, timeout_s), len(columns))
