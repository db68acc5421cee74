"""The rows of a query, kept as NDJSON in the staging folder before any of them is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from minerva.adapters.batch.storage import filesystem_of, writing
from minerva.errors import InvalidInput
from minerva.layers.abstraction.batch.header import refuse_columns
from minerva.layers.abstraction.batch.ports import Source, Staging
from minerva.layers.abstraction.batch.task import Task
from minerva.layers.abstraction.formats.values import cell_values
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.training.source import OpenSource
from minerva.schema import Field, FieldType, Schema

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 10_000
FILE = "query.ndjson"
NAME = "The query's result"


@dataclass(frozen=True)
class SqlQuery:
    """Satisfies `ports.Query`."""

    open_source: OpenSource
    environment: Mapping[str, str]

    def keep(
        self, declaration: ServiceDeclaration, task: Task, schema: Schema, staging: Staging
    ) -> Source:
        """Read the query once; a reader of a database can only read."""
        if declaration.data is None:
            raise InvalidInput("The service declares no database under `data`.")
        data = _with_query(expand(declaration.data, self.environment), task)
        place = staging.path_of(FILE)
        filesystem, path = filesystem_of(place)
        with writing(place), filesystem.open(path, "wb") as file:
            for frame in self.open_source(data).frames(CHUNK_ROWS):
                refuse_columns(schema, map(str, frame.columns), NAME)
                file.write(_lines(frame, schema, data.decimal))
            size = file.tell()
        return Source(file=place, form="ndjson", size=size, key_kind=_key_kind(place, schema))


def _with_query(data: DataDeclaration, task: Task) -> DataDeclaration:
    return data if task.query is None else msgspec.structs.replace(data, query=task.query)


def _lines(frame: pd.DataFrame, schema: Schema, decimal: str) -> bytes:
    plain: dict[str, Callable[[Any], Any]] = dict(cell_values(schema, decimal))
    if schema.key is not None:
        plain[schema.key] = _key
    names = [name for name in plain if name in frame.columns]
    columns = (_cells(frame[name], schema.inputs.get(name), plain[name]) for name in names)
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return msgspec.json.Encoder().encode_lines(records) if records else b""


def _cells(column: pd.Series[Any], field: Field | None, plain: Callable[[Any], Any]) -> list[Any]:
    """Return a column as JSON values; one of numbers, for a field of numbers, at once."""
    if field is not None and field.type is FieldType.NUMBER and column.dtype.kind in "iuf":
        cells = column.astype(float)
        return (
            cells.astype(object).where(cells.notna(), None) if cells.hasnans else cells
        ).tolist()
    if field is not None and field.type is FieldType.INTEGER and column.dtype.kind in "iu":
        return column.tolist()
    return [plain(cell) for cell in column.astype(object).tolist()]


def _key(cell: Any) -> Any:
    """Return a key; whole numbers beside nulls have become floats on the way."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None if cell != cell else cell  # noqa: PLR0124 - NaN is null
    return cell


def _key_kind(place: str, schema: Schema) -> str:
    from minerva.layers.abstraction.formats.ndjson_blocks import key_kind

    if schema.key is None:
        return "text"
    filesystem, path = filesystem_of(place)
    with filesystem.open(path, "rb") as file:
        return key_kind(file.readline(), schema.key)
