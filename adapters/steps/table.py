"""`post: table`: rows are written into a table of a database, by key, and passed on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import FieldType, InvalidConfiguration, Items, Parameters, Step, StepContext
from minerva.errors import Fault
from minerva.step import Columns, Fields

if TYPE_CHECKING:
    import pyarrow as pa

MICROSECONDS = 1e6


class TableParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `table`."""

    url: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="An SQLAlchemy URL; write `${NAME}` for what stands in the environment",
        ),
    ]
    table: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=200,
            description="A table, or schema.table; made if there is none",
        ),
    ]
    key: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            min_length=1,
            description="Inputs by which a row is known: one that is there already is changed",
        ),
    ]
    timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="How long the database is waited for")
    ] = 5.0


class Table(Step):
    """A column for each input, of the same name. Written twice it is as if it were written once."""

    name = "table"
    role = "post"
    Parameters = TableParameters
    batch = 5_000
    outside = True

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return what it is given. Raises InvalidConfiguration for a key that is no input."""
        faults = [
            Fault(f"/parameters/key/{at}", f"{name!r} is none of the inputs")
            for at, name in enumerate(parameters.key)
            if name not in inputs
        ]
        if faults:
            raise InvalidConfiguration("The rows cannot be written by this key.", faults=faults)
        return inputs

    def run(self, items: Items, context: StepContext) -> Columns:
        """Write the rows in one transaction; one whose key has a gap fails by itself."""
        from minerva.adapters.batch.table_access import connected, refuse_unfit
        from minerva.adapters.batch.upserting import table_of, write_by_key

        wanted: TableParameters = context.parameters
        rows = _rows(items, wanted.key).filter(_whole(items, context))
        if not rows.num_rows:
            return items.columns
        timeout_s = min(wanted.timeout_s, max(context.seconds_left, 0.001))
        with connected(wanted.url, wanted.table, context.workspace, timeout_s) as connection:
            table = table_of(connection, wanted.table)
            if table is not None:
                others = [name for name in rows.schema.names if name not in wanted.key]
                refuse_unfit(connection, table, wanted.key, others)
            connection.rollback()  # what was looked at began a transaction
            write_by_key(connection, wanted.table, rows.schema, [rows], len(wanted.key))
        return items.columns


def _whole(items: Items, context: StepContext) -> pa.Array:
    """Return which rows have a key, shape (n,), and tell the others."""
    import pyarrow as pa

    gaps = {name: _missing(items[name]) for name in context.parameters.key}
    for name, missing in gaps.items():
        for row in np.flatnonzero(missing):
            context.fail(int(row), f"`{name}`, by which the row would be written, is missing.")
    return pa.array(~np.any(list(gaps.values()), axis=0))


def _rows(items: Items, key: tuple[str, ...]) -> pa.RecordBatch:
    import pyarrow as pa

    names = [*key, *(name for name in items.columns if name not in key)]
    return pa.RecordBatch.from_pydict({name: _written(items, name) for name in names})


def _written(items: Items, name: str) -> pa.Array:
    import pyarrow as pa

    field, column = items.fields[name], items[name]
    if field.type is FieldType.CATEGORY:
        return pa.array(
            [None if one is None else str(one) for one in items.labels(name)], pa.string()
        )
    if field.type is FieldType.TEXT:
        return pa.array(column.tolist(), pa.string())
    missing = np.isnan(column)
    if field.type is FieldType.NUMBER:
        return pa.array(column, mask=missing)
    scale = MICROSECONDS if field.type is FieldType.TIMESTAMP else 1
    whole = np.round(np.where(missing, 0, column) * scale).astype(np.int64)
    kinds = {FieldType.BOOLEAN: pa.bool_(), FieldType.TIMESTAMP: pa.timestamp("us", "UTC")}
    return pa.array(whole, mask=missing).cast(kinds.get(field.type, pa.int64()))


def _missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    if column.dtype == object:
        return np.array([value is None for value in column], bool)
    if np.issubdtype(column.dtype, np.integer):
        return np.asarray(column < 0)
    return np.asarray(np.isnan(column))
