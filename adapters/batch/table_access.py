"""Reaching a table that is written by key; what is wrong with it is told in our words.

No message holds a value or a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.sql_engine import make_engine, read_url
from minerva.errors import Fault, InvalidData, InvalidInput, MinervaError, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.exc import SQLAlchemyError


@contextmanager
def connected(url: str, name: str, workspace: Path, timeout_s: float) -> Iterator[Connection]:
    """Connect to the database that holds a table of this name, or shall.

    Raises InvalidConfiguration for what is no URL, InvalidData for a table that does not take what is
    written, Unavailable for a database that is away.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = make_engine(read_url(url, workspace), timeout_s, writes=True)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise _translated(error, name) from error
    finally:
        engine.dispose()


def refuse_unfit(
    connection: Connection, table: Table, key: Sequence[str], others: Sequence[str]
) -> None:
    """Raise InvalidInput unless the table has these columns, and the key is unique in it."""
    from sqlalchemy import inspect

    faults = [
        Fault(f'column "{name}"', "is missing in the table")
        for name in (*key, *others)
        if name not in table.columns
    ]
    if faults:
        raise InvalidInput("The table does not have the columns to be written.", faults=faults)
    inspector = inspect(connection)
    where: Any = {"table_name": table.name, "schema": table.schema}
    unique: list[list[Any]] = [inspector.get_pk_constraint(**where)["constrained_columns"]]
    unique += [one["column_names"] for one in inspector.get_unique_constraints(**where)]
    unique += [one["column_names"] for one in inspector.get_indexes(**where) if one["unique"]]
    if set(key) not in map(set, unique):
        names = ", ".join(f'"{name}"' for name in key)
        fault = Fault(
            f"column {names}" if len(key) == 1 else f"columns {names}",
            "is neither the primary key nor unique",
        )
        raise InvalidInput("The table cannot be written by key.", faults=[fault])


def _translated(error: SQLAlchemyError, name: str) -> MinervaError:
    from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

    kind = type(getattr(error, "orig", None) or error).__name__
    if isinstance(error, ProgrammingError | IntegrityError | DataError):
        return InvalidData(f"The table {name} does not take the answers ({kind}).")
    if isinstance(error, OperationalError) and "readonly" in str(error):
        return InvalidData(f"The database of table {name} cannot be written.")
    return Unavailable(f"The database of table {name} cannot be written now ({kind}).")
