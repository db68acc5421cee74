"""`collect: sql`: the rows that a query gives for each record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from minerva import (
    Field,
    FieldType,
    InvalidConfiguration,
    Items,
    Parameters,
    Spread,
    Step,
    StepContext,
)
from minerva.adapters.steps.gathering import Gathering
from minerva.errors import Fault, InvalidData, InvalidInput
from minerva.step import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


class SqlParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `sql`."""

    url: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="An SQLAlchemy URL; write `${NAME}` for what stands in the environment",
        ),
    ]
    query: Annotated[
        str,
        msgspec.Meta(min_length=1, description="One select; `:name` stands for the input `name`"),
    ]
    fields: Annotated[
        dict[str, Field],
        msgspec.Meta(min_length=1, description="Column → its field, as in a service's schema"),
    ]
    most: Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="Most rows of a record")] = (
        10_000
    )
    timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="How long one query may take")
    ] = 5.0


class Sql(Step):
    """A row for each row of the database; nothing is ever written."""

    name = "sql"
    role = "collect"
    shape = "spread"
    Parameters = SqlParameters
    outside = True
    batch = 64

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the declared fields. Raises InvalidConfiguration if the query names other inputs."""
        from sqlalchemy import text

        named = set(text(parameters.query).compile().params)
        if named != set(inputs):
            wrong = ", ".join(sorted(named ^ set(inputs)))
            raise InvalidConfiguration(
                "The query and the inputs do not fit.",
                faults=[Fault("/parameters/query", f"or the inputs lack {wrong}")],
            )
        return dict(parameters.fields)

    def run(self, items: Items, context: StepContext) -> Spread:
        """Ask once for each record. Raises Unavailable for a database that is away, InvalidData."""
        wanted: SqlParameters = context.parameters
        gathered = Gathering(tuple(wanted.fields))
        plain = {name: _plain(items, name) for name in items.columns}
        with _connected(context) as connection:
            for row in range(len(items)):
                asked = {name: values[row] for name, values in plain.items()}
                try:
                    for found in _rows(connection, wanted, asked):
                        gathered.add(row, found)
                except InvalidInput as error:
                    context.fail(row, error)
        return Spread(gathered.columns(context.fields), gathered.of())


def _connected(context: StepContext) -> Any:
    from contextlib import contextmanager

    from sqlalchemy.exc import SQLAlchemyError

    from minerva.adapters.sources.sql_engine import interrupt_after, make_engine, read_url
    from minerva.adapters.sources.sql_errors import translate

    wanted: SqlParameters = context.parameters
    url = read_url(wanted.url, context.workspace)
    seconds = min(wanted.timeout_s, max(context.seconds_left, 0.001))

    @contextmanager
    def opened() -> Iterator[Connection]:
        engine = make_engine(url, seconds)
        try:
            with engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    interrupt_after(connection, seconds)
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(
                        f"SET LOCAL statement_timeout = {int(seconds * 1_000)}"
                    )
                yield connection
        except SQLAlchemyError as error:
            raise translate(error, url) from error
        finally:
            engine.dispose()

    return opened()


def _rows(
    connection: Connection, wanted: SqlParameters, asked: dict[str, Any]
) -> Iterator[list[Any]]:
    from sqlalchemy import text

    result = connection.execute(text(wanted.query), asked)
    if not result.returns_rows:
        raise InvalidData("The query of the step returns no rows: write a select.")
    columns = list(result.keys())
    lacking = [name for name in wanted.fields if name not in columns]
    if lacking:
        raise InvalidData(f"The query of the step gives no column {lacking[0]!r}.")
    places = [columns.index(name) for name in wanted.fields]
    for number, row in enumerate(result):
        if number >= wanted.most:
            raise InvalidInput(f"The query gives more than {wanted.most} rows for it.")
        yield [
            _value(row[place], name, field)
            for place, (name, field) in zip(places, wanted.fields.items(), strict=True)
        ]


def _value(value: Any, name: str, field: Field) -> Any:
    """Return a database's value as JSON would have it. Raises InvalidInput if it does not fit."""
    from minerva.adapters.sources.sql import plain
    from minerva.schema.value import checker

    told = plain(value)
    if told is None and field.nullable:
        return None
    if field.type is FieldType.BOOLEAN and told in {0, 1}:
        told = bool(told)
    wrong = checker(field)(told)
    if wrong is not None:
        raise InvalidInput(f"Column {name!r} of the query: {wrong}.")
    return told


def _plain(items: Items, name: str) -> list[Any]:
    field = items.fields[name]
    match field.type:
        case FieldType.CATEGORY:
            return items.labels(name)
        case FieldType.TEXT:
            return list(items[name])
        case FieldType.INTEGER:
            return [None if one != one else int(one) for one in items[name].tolist()]  # noqa: PLR0124 - NaN is the one value that differs from itself
        case FieldType.TIMESTAMP:
            from minerva.schema.batch import iso

            return [None if one != one else iso(one) for one in items[name].tolist()]  # noqa: PLR0124 - as above
        case _:
            return [None if one != one else one for one in items[name].tolist()]  # noqa: PLR0124 - as above
