"""Rows that are gathered in a table of the connection's own and then written by key, all of them at once.

Only the connection sees the gathered rows, and they are gone when it ends: nobody has to clear them away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minerva.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Table

GATHERED = "minerva_gathered_rows"
ROWS = 5_000
"""So many are Python objects at a time."""
LONGEST = 255
"""Letters of a text column that is made."""


def table_of(connection: Connection, name: str) -> Table | None:
    """Return a table, or schema.table, as it stands in the database."""
    from sqlalchemy import MetaData, Table
    from sqlalchemy.exc import NoSuchTableError

    schema, _, table = name.rpartition(".")
    try:
        return Table(table, MetaData(), schema=schema or None, autoload_with=connection)
    except NoSuchTableError:
        return None


def write_by_key(
    connection: Connection, name: str, schema: pa.Schema, rows: Iterable[pa.RecordBatch]
) -> None:
    """Upsert rows by their first column in one transaction; of a key that comes twice the last counts.

    A table that does not exist is made in it. Columns that an existing one lacks are left out.
    """
    with connection.begin():
        table = table_of(connection, name)
        names = [one for one in schema.names if table is None or one in table.columns]
        gathered = _gathered(connection, schema, table, names)
    gather = _upsert(connection, gathered, names)
    for some in rows:
        for part in _parts(some.select(names)):
            with connection.begin():
                connection.execute(gather, part)
    with connection.begin():
        if table is None:
            place, _, own_name = name.rpartition(".")
            table = _new(schema, own_name, place)
            table.create(connection, checkfirst=True)
        connection.execute(_upsert(connection, table, names, gathered))


def _gathered(
    connection: Connection, schema: pa.Schema, table: Table | None, names: Sequence[str]
) -> Table:
    """Make the connection's own table; its types are those of the table that will be written."""
    from sqlalchemy import CreateTableAs, Index, false, select

    if table is None:
        made = _new(schema, GATHERED, temporary=True)
        made.create(connection)
        return made
    columns = select(*(table.columns[one] for one in names)).where(false())
    creation = CreateTableAs(columns, GATHERED, temporary=True)
    connection.execute(creation)
    made = creation.table
    Index(f"{GATHERED}_key", made.columns[names[0]], unique=True).create(connection)
    return made


def _new(rows: pa.Schema, name: str, schema: str = "", *, temporary: bool = False) -> Table:
    from sqlalchemy import Column, MetaData, Table

    columns = [
        Column(field.name, _type(field.type), primary_key=position == 0)
        for position, field in enumerate(rows)
    ]
    prefixes = ["TEMPORARY"] if temporary else []
    return Table(name, MetaData(), *columns, schema=schema or None, prefixes=prefixes)


def _upsert(
    connection: Connection, table: Table, names: Sequence[str], gathered: Table | None = None
) -> Any:
    """Return what inserts rows, or changes those whose key is there: gathered ones, or parameters.

    Gathered ones come in the order of their keys, so that of two writers none waits for the other.
    """
    from sqlalchemy import select
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    dialect = connection.dialect.name
    made = {"postgresql": postgresql, "sqlite": sqlite, "mysql": mysql, "mariadb": mysql}
    if dialect not in made:
        raise InvalidInput(f"Tables of {dialect} cannot be written by key: write a file.")
    added: Any = made[dialect].insert(table)
    key, others = names[0], names[1:]
    if gathered is not None:
        columns, first = [gathered.columns[one] for one in names], gathered.columns[key]
        chosen = select(*columns).where(first.is_not(None)).order_by(first)
        added = added.from_select(names, chosen)
    if made[dialect] is mysql:
        return added.on_duplicate_key_update({one: added.inserted[one] for one in others or [key]})
    if not others:
        return added.on_conflict_do_nothing(index_elements=[key])
    changed = {one: added.excluded[one] for one in others}
    return added.on_conflict_do_update(index_elements=[key], set_=changed)


def _parts(rows: pa.RecordBatch) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, rows.num_rows, ROWS):
        yield rows.slice(start, ROWS).to_pylist()


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
