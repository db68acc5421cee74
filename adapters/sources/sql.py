"""DataSource on a database, through SQLAlchemy: read-only, streamed, and one record by key."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from minerva.adapters.sources.sql_engine import interrupt_after, make_engine, read_url
from minerva.adapters.sources.sql_errors import translate
from minerva.errors import Fault, InvalidConfiguration, InvalidData, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from sqlalchemy import Connection, CursorResult, Engine

    from minerva.layers.abstraction.services.declaration import DataDeclaration


class SqlSource:
    """Runs the declared query and lookup; nothing it does is ever committed.

    Threads share its connections. `close` gives them back.
    """

    def __init__(self, declaration: DataDeclaration, workspace: Path, timeout_s: float) -> None:
        if declaration.url is None or declaration.query is None:
            raise InvalidConfiguration("source: sql needs url and query.")
        self._url = read_url(declaration.url, workspace)
        self._query = declaration.query
        self._lookup = declaration.lookup
        self._timeout_s = timeout_s
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the query's rows as the database sends them; decimals become floats."""
        import pandas as pd

        with self._connection() as connection:
            streaming = connection.execution_options(
                stream_results=True, max_row_buffer=chunk_rows, no_parameters=True
            )
            with streaming.exec_driver_sql(self._query) as result:
                columns = _columns(result)
                yielded = False
                for rows in result.partitions(chunk_rows):
                    yielded = True
                    yield _frame(rows, columns)
                if not yielded:
                    yield pd.DataFrame(columns=pd.Index(columns))

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:
        """Return a record of plain JSON values per key, one query each on one connection."""
        return [found[0] if found else None for found in self.rows_of(keys, 1)]

    def rows_of(self, keys: Sequence[Any], most: int) -> list[list[dict[str, Any]]]:
        """Return the lookup's rows for each key, as the database orders them.

        Raises InvalidData for more than `most`, and else as `lookup`.
        """
        from sqlalchemy import text

        if self._lookup is None:
            raise InvalidConfiguration(
                "The service's data has no `lookup`: add a select with :key, or send records, not keys."
            )
        statement = text(self._lookup)
        if set(statement.compile().params) != {"key"}:
            raise InvalidConfiguration("`lookup` must have one bound parameter, written :key.")
        with self._connection(statement_timeout=True) as connection:
            return [
                self._rows(connection, statement, key, row, most) for row, key in enumerate(keys)
            ]

    def value(self) -> Any:
        """Return the one value that the query gives, None without a row; given up after `timeout_s`."""
        with self._connection(statement_timeout=True) as connection:
            asked = connection.execution_options(no_parameters=True)
            with asked.exec_driver_sql(self._query) as result:
                width = len(_columns(result))
                rows = result.fetchmany(2)
        if width != 1 or len(rows) > 1:
            raise InvalidData(
                "A watermark is one value: write a select of one column that gives one row, "
                "such as select max(updated_at) from orders."
            )
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close all connections; the source can be used again."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _rows(
        self, connection: Connection, statement: Any, key: Any, row: int, most: int
    ) -> list[dict[str, Any]]:
        from sqlalchemy.exc import DataError, DBAPIError

        try:
            result = connection.execute(statement, {"key": key})
            columns = _columns(result)
            found = result.fetchmany(most + 1)
        except DBAPIError as error:
            if isinstance(error, DataError) or _no_such_comparison(error):
                raise _wrong_key(row) from error
            raise
        except OverflowError:  # SQLite has no integer as large, so no such key
            return []
        if len(found) > most:
            told = "one row" if most == 1 else f"{most:,} rows"
            raise InvalidData(
                f"`lookup` returns more than {told} for a key: make it return "
                f"{'one' if most == 1 else 'fewer'}."
            )
        return [dict(zip(columns, map(plain, one), strict=True)) for one in found]

    @contextmanager
    def _connection(self, *, statement_timeout: bool = False) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._open_engine().connect() as connection:
                self._limit(connection, statement_timeout=statement_timeout)
                yield connection
        except SQLAlchemyError as error:
            raise translate(error, self._url) from error

    def _limit(self, connection: Connection, *, statement_timeout: bool) -> None:
        """Bound the wait, for this transaction: a query for training may be long, a lookup may not."""
        milliseconds = int(self._timeout_s * 1000)
        if connection.dialect.name == "sqlite" and statement_timeout:
            interrupt_after(connection, self._timeout_s)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
            if statement_timeout:
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")

    def _open_engine(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = make_engine(self._url, self._timeout_s)
            return self._engine


def _columns(result: CursorResult[Any]) -> list[str]:
    if not result.returns_rows:
        raise InvalidData("A statement under `data` returns no rows: write a select.")
    columns = list(result.keys())
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise InvalidData(
            f"A select under `data` returns column {repeated[0]!r} more than once: name its columns."
        )
    return columns


def _frame(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame.from_records(
        [tuple(row) for row in rows], columns=list(columns), coerce_float=True
    )


def plain(value: Any) -> Any:
    """Turn a database's value into one that JSON has."""
    match value:
        case Decimal():
            return float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def _no_such_comparison(error: Any) -> bool:
    """Tell PostgreSQL's `undefined_function`: a number compared with a text column."""
    return getattr(error.orig, "sqlstate", None) == "42883"


def _wrong_key(row: int) -> InvalidInput:
    fault = Fault(f"/keys/{row}", "is not of the key column's type")
    return InvalidInput("The keys do not fit the key column of the database.", faults=[fault])
