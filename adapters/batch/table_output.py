"""A table that answers are written into, by key; in the database that the service file names for it.

Rows are upserted in transactions of a few thousand, so writing them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.sql_engine import make_engine, read_url
from minerva.errors import Fault, InvalidData, InvalidInput, MinervaError, Unavailable
from minerva.layers.abstraction.batch.ports import Staging
from minerva.layers.abstraction.batch.rejects import HEADER
from minerva.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Engine, Executable, Table
    from sqlalchemy.exc import SQLAlchemyError

ROWS = 5_000
LONGEST = 255
"""Letters of a text column that is made."""


@dataclass(frozen=True)
class TableOutput:
    """Satisfies `ports.Output`."""

    url: str
    name: str
    """A table, or schema.table."""
    workspace: Path
    rejects_file: Path
    timeout_s: float

    def check(self, schema: Schema) -> None:
        """Refuse a service without a key, a database that is away and a table that does not fit."""
        if schema.key is None:
            fault = Fault("/table", "needs a `key` in the schema, by which rows are written")
            raise InvalidInput("The service has no key.", faults=[fault])
        with self._connected() as connection:
            table = self._table(connection)
            if table is not None:
                _refuse_unfit(connection, table, schema)

    def publish(self, staging: Staging, parts: int) -> Mapping[str, Any]:
        """Upsert all answers; a table that does not exist is made."""
        from minerva.layers.abstraction.batch.encoding import flat, in_one_schema

        rejects = self._tell_rejects(staging.rejects(parts))
        table: Table | None = None
        with self._connected() as connection:
            for answer in in_one_schema(lambda: staging.answers(parts)):
                rows = flat(answer)
                key = rows.schema.names[0]
                with connection.begin():
                    table = self._made(connection, rows.schema) if table is None else table
                names = [name for name in rows.schema.names if name in table.columns]
                statement = _upsert(connection, table, key, names)
                for part in _parts(rows.select(names), key):
                    with connection.begin():
                        connection.execute(statement, part)
        return {"output": f"table {self.name}", "rejects_file": rejects}

    def _tell_rejects(self, lines: Iterator[str]) -> str | None:
        first = next(lines, None)
        if first is None:
            return None
        self.rejects_file.parent.mkdir(parents=True, exist_ok=True)
        with self.rejects_file.open("w", encoding="utf-8") as file:
            file.writelines([HEADER, first])
            file.writelines(lines)
        return str(self.rejects_file)

    def _table(self, connection: Connection) -> Table | None:
        """Return the table as it stands in the database."""
        from sqlalchemy import MetaData, Table
        from sqlalchemy.exc import NoSuchTableError

        schema, name = _names(self.name)
        try:
            return Table(name, MetaData(), schema=schema, autoload_with=connection)
        except NoSuchTableError:
            return None

    def _made(self, connection: Connection, rows: pa.Schema) -> Table:
        from sqlalchemy import Column, MetaData, Table

        found = self._table(connection)
        if found is not None:
            return found
        schema, name = _names(self.name)
        columns = [
            Column(field.name, _type(field.type), primary_key=position == 0)
            for position, field in enumerate(rows)
        ]
        table = Table(name, MetaData(), *columns, schema=schema)
        table.create(connection, checkfirst=True)
        return table

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        engine = self._engine()
        try:
            with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _translated(error, self.name) from error
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        url = read_url(self.url, self.workspace)
        return make_engine(url, self.timeout_s, writes=True)


def _names(name: str) -> tuple[str | None, str]:
    schema, _, table = name.rpartition(".")
    return schema or None, table


def _upsert(connection: Connection, table: Table, key: str, names: Sequence[str]) -> Executable:
    """Return what inserts rows, or changes those whose key is there."""
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    others = [name for name in names if name != key]
    if connection.dialect.name in {"mysql", "mariadb"}:
        insert = mysql.insert(table)
        return insert.on_duplicate_key_update({name: insert.inserted[name] for name in others})
    if connection.dialect.name not in {"postgresql", "sqlite"}:
        raise InvalidInput(
            f"Tables of {connection.dialect.name} cannot be written by key: write a file."
        )
    made: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = made.insert(table)
    if not others:
        return added.on_conflict_do_nothing(index_elements=[key])  # type: ignore[no-any-return]
    changed = {name: added.excluded[name] for name in others}
    return added.on_conflict_do_update(index_elements=[key], set_=changed)  # type: ignore[no-any-return]


def _parts(rows: pa.RecordBatch, key: str) -> Iterator[list[dict[str, Any]]]:
    """Yield rows as parameters, each key once: the last one counts."""
    for start in range(0, rows.num_rows, ROWS):
        part = rows.slice(start, ROWS).to_pylist()
        yield list({row[key]: row for row in part}.values())


def _type(kind: pa.DataType) -> Any:
    import pyarrow as pa
    from sqlalchemy import BigInteger, Boolean, Double, String

    if pa.types.is_integer(kind):
        return BigInteger()
    if pa.types.is_boolean(kind):
        return Boolean()
    if pa.types.is_floating(kind):
        return Double()
    return String(LONGEST)


def _refuse_unfit(connection: Connection, table: Table, schema: Schema) -> None:
    from sqlalchemy import inspect

    needed = [str(schema.key), *schema.output]
    faults = [
        Fault(f'column "{name}"', "is missing in the table")
        for name in needed
        if name not in table.columns
    ]
    if faults:
        raise InvalidInput("The table does not have the columns to be written.", faults=faults)
    inspector = inspect(connection)
    where: Any = {"table_name": table.name, "schema": table.schema}
    unique: list[list[Any]] = [inspector.get_pk_constraint(**where)["constrained_columns"]]
    unique += [one["column_names"] for one in inspector.get_unique_constraints(**where)]
    unique += [one["column_names"] for one in inspector.get_indexes(**where) if one["unique"]]
    if [schema.key] not in unique:
        fault = Fault(f'column "{schema.key}"', "is neither the primary key nor unique")
        raise InvalidInput("The table cannot be written by key.", faults=[fault])


def _translated(error: SQLAlchemyError, name: str) -> MinervaError:
    """Return our error; never with a value or a password."""
    from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

    kind = type(getattr(error, "orig", None) or error).__name__
    if isinstance(error, ProgrammingError | IntegrityError | DataError):
        return InvalidData(f"The table {name} does not take the answers ({kind}).")
    if isinstance(error, OperationalError) and "readonly" in str(error):
        return InvalidData(f"The database of table {name} cannot be written.")
    return Unavailable(f"The database of table {name} cannot be written now ({kind}).")
