"""A table that answers are written into, by key; in the database that the service file names for it.

Readers see all rows of a job or none of them, and writing them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.sql_engine import make_engine, read_url
from minerva.errors import Fault, InvalidData, InvalidInput, MinervaError, Unavailable
from minerva.layers.abstraction.batch.ports import Staging
from minerva.layers.abstraction.batch.rejects import HEADER
from minerva.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.exc import SQLAlchemyError

PUBLISHED = "published"
"""A file in the staging folder: the table has the answers."""


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
        from minerva.adapters.batch.upserting import table_of

        if schema.key is None:
            fault = Fault("/table", "needs a `key` in the schema, by which rows are written")
            raise InvalidInput("The service has no key.", faults=[fault])
        with self._connected() as connection:
            table = table_of(connection, self.name)
            if table is not None:
                _refuse_unfit(connection, table, schema)

    def publish(self, staging: Staging, parts: int) -> Mapping[str, Any]:
        """Upsert all answers in one transaction, unless an attempt has done so."""
        from minerva.adapters.batch.upserting import write_by_key
        from minerva.layers.abstraction.batch.encoding import flat, in_one_schema

        rejects = self._tell_rejects(staging, parts)
        done = Path(staging.path_of(PUBLISHED))
        rows = map(flat, in_one_schema(lambda: staging.answers(parts)))
        first = None if done.exists() else next(rows, None)
        if first is not None:
            with self._connected() as connection:
                write_by_key(connection, self.name, first.schema, chain([first], rows))
            done.touch()
        return {"output": f"table {self.name}", "rejects_file": rejects}

    def _tell_rejects(self, staging: Staging, parts: int) -> str | None:
        lines = staging.rejects(parts)
        first = next(lines, None)
        if first is None:
            return None
        self.rejects_file.parent.mkdir(parents=True, exist_ok=True)
        written = Path(staging.path_of(self.rejects_file.name))
        with written.open("w", encoding="utf-8") as file:
            file.writelines([HEADER, first])
            file.writelines(lines)
        written.replace(self.rejects_file)
        return str(self.rejects_file)

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
