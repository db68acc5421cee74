"""Rows that are gathered in a table of the connection's own and then written by key, all of them at once.

Only the connection sees the gathered rows, and they are gone when it ends: nobody has to clear them away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.sql_engine import LOCK_AT_ONCE
from minerva.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Table

GATHERED = "minerva_gathered_rows"
PLACE = "minerva_place"
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
    connection: Connection,
    name: str,
    schema: pa.Schema,
    rows: Iterable[pa.RecordBatch],
    keys: int = 1,
) -> None:
    """Upsert rows by their first columns in one transaction; of a key that comes twice the last counts.

    A table that does not exist is made in it. Columns that an existing one lacks are left out.
    """
    with connection.begin():
        table = table_of(connection, name)
        names = [one for one in schema.names if table is None or one in table.columns]
        gathered = _gathered(connection, schema, table, names)
    gather, place = _gathering(connection, gathered), 0
    for some in rows:
        for part in _parts(some.select(names)):
            with connection.begin():
                connection.execute(gather, _parameters(connection, part, place))
            place += part.num_rows
    if table is None:
        table = _first(connection, name, schema, gathered, keys)
    if table is not None:
        with connection.begin():
            connection.execute(_upsert(connection, table, names, gathered, keys))


def _first(
    connection: Connection, name: str, schema: pa.Schema, gathered: Table, keys: int
) -> Table | None:
    """Make the table and write the rows; where somebody else was quicker return theirs, nothing written."""
    from sqlalchemy.exc import DBAPIError

    schema_name, _, own_name = name.rpartition(".")
    table = _new(schema, own_name, schema_name, keys)
    connection.execution_options(**{LOCK_AT_ONCE: True})
    try:
        with connection.begin():
            table.create(connection, checkfirst=True)
            connection.execute(_upsert(connection, table, schema.names, gathered, keys))
    except DBAPIError:
        with connection.begin():
            theirs = table_of(connection, name)
        if theirs is None:
            raise
        return theirs
    return None


def _gathered(
    connection: Connection, schema: pa.Schema, table: Table | None, names: Sequence[str]
) -> Table:
    """Make the connection's own table: each row's place, and columns as those that will be written."""
    from sqlalchemy import BigInteger, Column, MetaData, Table

    like = _new(schema, GATHERED) if table is None else table
    columns = [Column(one, like.columns[one].type) for one in names]
    place = Column(PLACE, BigInteger())
    made = Table(GATHERED, MetaData(), place, *columns, prefixes=["TEMPORARY"])
    made.create(connection)
    return made


def _new(rows: pa.Schema, name: str, schema: str = "", keys: int = 0) -> Table:
    from sqlalchemy import Column, MetaData, Table

    columns = [
        Column(field.name, _type(field.type), primary_key=position < keys)
        for position, field in enumerate(rows)
    ]
    return Table(name, MetaData(), *columns, schema=schema or None)


def _gathering(connection: Connection, gathered: Table) -> Any:
    """Return what inserts some rows; on PostgreSQL a column at a time, which takes a third of the time."""
    from sqlalchemy import bindparam, cast, func, select
    from sqlalchemy.dialects.postgresql import ARRAY

    if connection.dialect.name != "postgresql":
        return gathered.insert()
    kinds = [ARRAY(column.type) for column in gathered.columns]
    values = [cast(bindparam(f"c{at}", type_=kind), kind) for at, kind in enumerate(kinds)]
    rows = func.unnest(*values).table_valued(*gathered.columns.keys()).render_derived()
    return gathered.insert().from_select(list(gathered.columns.keys()), select(*rows.columns))


def _parameters(connection: Connection, rows: pa.RecordBatch, first: int) -> Any:
    """Return rows as `_gathering` takes them; the first one's place is given."""
    places = range(first, first + rows.num_rows)
    if connection.dialect.name == "postgresql":
        columns = [list(places), *(column.to_pylist() for column in rows.columns)]
        return {f"c{at}": column for at, column in enumerate(columns)}
    return [{PLACE: place, **row} for place, row in zip(places, rows.to_pylist(), strict=True)]


def _upsert(
    connection: Connection, table: Table, names: Sequence[str], gathered: Table, keys: int
) -> Any:
    """Return what inserts the gathered rows, or changes those whose key, the first names, is there.

    They come in the order of their keys, so that of two writers none waits for the other.
    """
    from sqlalchemy import func, select
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    dialect = connection.dialect.name
    made = {"postgresql": postgresql, "sqlite": sqlite, "mysql": mysql, "mariadb": mysql}
    if dialect not in made:
        raise InvalidInput(f"Tables of {dialect} cannot be written by key: write a file.")
    key, others = names[:keys], names[keys:]
    same, latest = [gathered.columns[one] for one in key], gathered.columns[PLACE].desc()
    later = func.row_number().over(partition_by=same, order_by=latest).label(PLACE)
    rows = select(*(gathered.columns[one] for one in names), later).subquery()
    last = select(*(rows.columns[one] for one in names)).where(rows.columns[PLACE] == 1)
    insert: Any = made[dialect].insert(table)
    added = insert.from_select(names, last.order_by(*(rows.columns[one] for one in key)))
    if made[dialect] is mysql:
        return added.on_duplicate_key_update({one: added.inserted[one] for one in others or key})
    if not others:
        return added.on_conflict_do_nothing(index_elements=key)
    changed = {one: added.excluded[one] for one in others}
    return added.on_conflict_do_update(index_elements=key, set_=changed)


def _parts(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, rows.num_rows, ROWS):
        yield rows.slice(start, ROWS)


def _type(kind: pa.DataType) -> Any:
    import pyarrow as pa
    from sqlalchemy import BigInteger, Boolean, DateTime, Double, String

    if pa.types.is_integer(kind):
        return BigInteger()
    if pa.types.is_boolean(kind):
        return Boolean()
    if pa.types.is_floating(kind):
        return Double()
    if pa.types.is_timestamp(kind):
        return DateTime(timezone=True)
    return String(LONGEST)
