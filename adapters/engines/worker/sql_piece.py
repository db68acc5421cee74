"""A range of one column's values in what a query returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from minerva.adapters.engines.worker.piece import PIECE_VALUES
from minerva.adapters.sources.sql import SqlSource
from minerva.adapters.sources.sql_engine import read_url
from minerva.errors import InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services.declaration import DataDeclaration

if TYPE_CHECKING:
    import pandas as pd

BOUNDS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Database:
    """A query and how to ask it."""

    data: DataDeclaration
    workspace: str
    timeout_s: float

    def frames(self, query: str, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield what another query on the same database returns."""
        source = SqlSource(
            msgspec.structs.replace(self.data, query=query), Path(self.workspace), self.timeout_s
        )
        try:
            yield from source.frames(chunk_rows)
        finally:
            source.close()

    def one(self, query: str) -> list[Any]:
        """Return the one row of a query as plain values."""
        frame = next(self.frames(query, 1)).astype(object)
        row: list[Any] = frame.iloc[0].tolist()
        return row

    @property
    def column(self) -> str:
        """The column that is split by, quoted as this database quotes names."""
        name = self.data.split_by or ""
        dialect = read_url(self.data.url or "", Path(self.workspace)).get_dialect()
        return str(dialect().identifier_preparer.quote_identifier(name))

    def inner(self) -> str:
        """Return the declared query as a table that another query reads."""
        query = (self.data.query or "").strip().rstrip(";")
        return f"(\n{query}\n) minerva_rows"


@dataclass(frozen=True)
class SqlPiece:
    """The rows whose value lies in a range, its end excluded; both ends None: those without a value."""

    database: Database
    low: str | None
    high: str | None
    rows: int
    first_row: int = 1

    @property
    def name(self) -> str:
        """The range; its rows are counted from 1 as the database sends them."""
        column = self.database.data.split_by
        if self.low is None:
            return f"rows without {column}"
        return f"rows with {column} from {self.low}" + (f" to {self.high}" if self.high else "")

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows."""
        column = self.database.column
        if self.low is None:
            chosen = f"{column} is null"
        else:
            chosen = f"{column} >= {self.low}" + (
                f" and {column} < {self.high}" if self.high else ""
            )
        query = f"select * from {self.database.inner()} where {chosen}"  # noqa: S608 - the user's own query, and values of its own column
        yield from self.database.frames(query, chunk_rows)


def sql_pieces(database: Database, columns: int) -> list[SqlPiece]:
    """Return pieces of about equal size that hold every row of the query once; at least one.

    The rows that another transaction changes meanwhile may be read as before or after it.
    """
    column, inner = database.column, database.inner()
    rows, present = map(int, database.one(f"select count(*), count({column}) from {inner}"))  # noqa: S608 - as above
    step = max(PIECE_VALUES // max(columns, 1), 1)
    bounds = _bounds(database, column, inner, step)
    size = min(step, present)
    ends: list[str | None] = [*bounds, None]
    pieces = [SqlPiece(database, low, high, size) for low, high in pairwise(ends)]
    if rows > present or not pieces:
        pieces.append(SqlPiece(database, None, None, rows - present))
    return pieces


def _bounds(database: Database, column: str, inner: str, step: int) -> list[str]:
    """Return every `step`th value in order, as a literal."""
    numbered = (
        f"select {column} as bound, row_number() over (order by {column}) as place "  # noqa: S608 - as above
        f"from {inner} where {column} is not null"
    )
    query = f"select bound from ({numbered}) numbered where (place - 1) % {step} = 0 order by bound"  # noqa: S608 - as above
    found: list[str] = []
    for frame in database.frames(query, BOUNDS_AT_ONCE):
        for value in frame["bound"].tolist():
            literal = _literal(value, database.data.split_by or "")
            if not found or literal != found[-1]:
                found.append(literal)
    return found


def _literal(value: Any, column: str) -> str:
    if isinstance(value, bool | str):
        raise _not_countable(column)
    if isinstance(value, int | float | Decimal) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return f"'{value.isoformat(' ') if isinstance(value, datetime) else value.isoformat()}'"
    raise _not_countable(column)


def _not_countable(column: str) -> InvalidConfiguration | InvalidData:
    return InvalidConfiguration(
        f"`split_by` under `data` names {column!r}, which holds neither whole numbers nor dates: name "
        "a column that does."
    )
