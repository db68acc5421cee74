"""Many records as typed columns: what a model is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva.schema.field import FieldType
from minerva.schema.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

Column = NDArray[Any]
"""One field over n records.

integer, number, boolean, timestamp: float64 of shape (n,), NaN where missing (boolean as 0/1,
timestamp as seconds since 1970-01-01 UTC). category: int32 index into `Field.values`, -1 where
missing. text: object array of str, None where missing.
"""


LARGEST = float(np.finfo(np.float32).max)
CACHED_ROWS = 2048
"""So many rows of a matrix are filled at a time: a processor's cache holds them."""
LAST_MOMENT = 253_402_300_799.999
"""Texts have four digits for a year: later moments of its last millisecond are told as this one."""


class TableColumns(Mapping[str, Column]):
    """The columns of a table, shape (n, fields), by name: made when somebody looks."""

    __slots__ = ("_places", "_table")

    def __init__(self, places: Mapping[str, int], table: Column) -> None:
        """`places`: name → where its column stands; shared by all tables of a schema."""
        self._places, self._table = places, table

    def __getitem__(self, name: str) -> Column:
        return self._table[:, self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True, eq=False)
class Batch:
    """n records of one schema; holds the used inputs only.

    `columns` maps every name of `schema.features` to a `Column`; `keys` are the records' keys as the
    caller sent them, or None where the schema has no key.
    """

    schema: Schema
    columns: Mapping[str, Column]
    rows: int
    keys: Sequence[Any] | None = None
    table: NDArray[np.float64] | None = None
    """The same columns side by side, shape (n, features), where they were read so: numbers, none of
    them missing or too large for a float32."""

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, indices: NDArray[np.integer[Any]]) -> Batch:
        """Return the records at `indices` (int, shape (m,)) in that order."""
        keys = None if self.keys is None else [self.keys[i] for i in indices]
        columns = {name: column[indices] for name, column in self.columns.items()}
        return Batch(self.schema, columns, len(indices), keys)

    def matrix(self) -> NDArray[np.float32]:
        """Return shape (n, features) float32: missing as NaN, categories as their index.

        What is too large for a float32 becomes the largest one. Text has no number; a schema with
        used text fields raises TypeError.
        """
        if self.table is not None:
            return self.table.astype(np.float32, order="C")
        matrix = np.empty((self.rows, len(self.columns)), dtype=np.float32)
        columns = [self._numbers(name, column) for name, column in self.columns.items()]
        for start in range(0, self.rows if columns else 0, CACHED_ROWS):
            block = np.array([column[start : start + CACHED_ROWS] for column in columns], float)
            np.minimum(np.maximum(block, -LARGEST, out=block), LARGEST, out=block)
            matrix[start : start + CACHED_ROWS] = block.T
        return matrix

    def _numbers(self, name: str, column: Column) -> Column:
        """Return what stands for a field in a matrix."""
        match self.schema.inputs[name].type:
            case FieldType.TEXT:
                raise TypeError(f"Field {name!r} is text and has no place in a matrix.")
            case FieldType.CATEGORY if (column < 0).any():
                return np.where(column < 0, np.nan, column)
            case _:
                return column

    def to_records(self) -> list[dict[str, Any]]:
        """Return the records as a caller would have sent them: user units, None where missing."""
        plain = {name: self._plain(name, column) for name, column in self.columns.items()}
        records = [
            {name: values[row] for name, values in plain.items()} for row in range(self.rows)
        ]
        if self.keys is not None and self.schema.key is not None:
            for record, key in zip(records, self.keys, strict=True):
                record[self.schema.key] = key
        return records

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one column per feature; categories become pandas categoricals."""
        import pandas as pd

        frame = {
            name: (
                pd.Categorical.from_codes(
                    column.tolist(),
                    categories=pd.Index(list(map(str, self.schema.inputs[name].values))),
                )
                if self.schema.inputs[name].type is FieldType.CATEGORY
                else column
            )
            for name, column in self.columns.items()
        }
        return pd.DataFrame(frame)

    def _plain(self, name: str, column: Column) -> list[Any]:
        field = self.schema.inputs[name]
        match field.type:
            case FieldType.CATEGORY:
                return [None if code < 0 else field.values[code] for code in column.tolist()]
            case FieldType.TEXT:
                return list(column)
            case FieldType.INTEGER:
                return [None if value != value else int(value) for value in column.tolist()]  # noqa: PLR0124 - NaN is the one value that differs from itself
            case FieldType.BOOLEAN:
                return [None if value != value else bool(value) for value in column.tolist()]  # noqa: PLR0124 - as above
            case FieldType.TIMESTAMP:
                return [None if value != value else iso(value) for value in column.tolist()]  # noqa: PLR0124 - as above
            case _:
                return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - as above


def iso(seconds: float) -> str:
    """Return seconds since 1970-01-01 UTC as ISO 8601 text."""
    return str(np.datetime64(round(min(seconds, LAST_MOMENT) * 1_000_000), "us")) + "Z"


def concatenate(batches: Sequence[Batch]) -> Batch:
    """Join batches of one schema, in order; at least one is needed."""
    first = batches[0]
    if len(batches) == 1:
        return first
    tables = [batch.table for batch in batches if batch.table is not None]
    table = np.concatenate(tables) if len(tables) == len(batches) else None
    columns: Mapping[str, Column]
    if table is None:
        columns = {
            name: np.concatenate([one.columns[name] for one in batches]) for name in first.columns
        }
    else:
        columns = TableColumns({name: at for at, name in enumerate(first.columns)}, table)
    keys = None if first.keys is None else [key for batch in batches for key in batch.keys or ()]
    return Batch(first.schema, columns, sum(map(len, batches)), keys, table)
