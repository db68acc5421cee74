"""Whether what a declaration says about data can be meant."""

from __future__ import annotations

from collections.abc import Iterator

from minerva.errors import Fault
from minerva.layers.abstraction.services.declaration import DataDeclaration, SequenceDeclaration
from minerva.schema import FieldType, Schema
from minerva.schema.field import NUMERIC
from minerva.spelling import hint

WHERE = "/data/sequence"
MOMENTS = NUMERIC | {FieldType.TIMESTAMP}


def check_data(
    data: DataDeclaration | None, schema: Schema | None, engine: str | None
) -> Iterator[Fault]:
    """Yield what is wrong with a service's data; `schema` is None where it cannot be read."""
    if data is None:
        return
    needed = ("url", "query") if data.source == "sql" else ("path",)
    for name in needed:
        if getattr(data, name) is None:
            yield Fault("/data", f"source {data.source} needs {name!r}")
    if data.sequence is not None and engine is not None:
        yield Fault(WHERE, "puts all rows in order in one place: leave `training.engine` out")
    if data.sequence is not None and schema is not None:
        yield from _check_sequence(data.sequence, schema)


def _check_sequence(sequence: SequenceDeclaration, schema: Schema) -> Iterator[Fault]:
    time = schema.inputs.get(sequence.time)
    if time is None:
        known = hint(sequence.time, schema.inputs)
        yield Fault(f"{WHERE}/time", f"is no input (one with `use: false` will do); {known}")
    elif time.type not in MOMENTS:
        yield Fault(f"{WHERE}/time", f"is of type {time.type.value}, which has no order in time")
    for at, column in enumerate(sequence.columns):
        missing = [name for name in sequence.names(column) if name not in schema.inputs]
        if missing:
            said = f"the schema has no input {missing[0]!r}: give {column!r} `window: {sequence.window}`"
            yield Fault(f"{WHERE}/columns/{at}", said)
