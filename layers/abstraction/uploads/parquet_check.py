"""Parquet looked at when it is whole, for its footer comes last: columns, types, then the values.

Values are looked at a few thousand rows at a time. A column's different values are read by the rules of
a cell; numbers are compared all at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from minerva.errors import Fault
from minerva.layers.abstraction.formats.header import REPEATED, repeated
from minerva.layers.abstraction.formats.parquet_file import MAGIC, NotWhole, holds, opened_parquet
from minerva.layers.abstraction.uploads.checking import misfit, unreadable
from minerva.layers.abstraction.uploads.rows import CheckCell, RowCheck, Wanted, cell_check
from minerva.schema import Field, FieldType
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC

BATCH_ROWS = 8192
LARGEST_GROUP = 2 * 1024**3
"""Bytes of one row group when unpacked: writers that mean well make smaller ones."""


class ParquetArrival:
    """Tells at once what is no Parquet at all; the rest when the footer is there."""

    def __init__(self, wanted: Wanted, state: dict[str, Any] | None = None) -> None:
        self._wanted = wanted
        self._begin = bytes.fromhex(state["begin"]) if state else b""
        self.rows = 0

    def feed(self, piece: bytes) -> None:
        """See `ArrivalCheck`."""
        missing = len(MAGIC) - len(self._begin)
        if missing:
            self._begin += piece[:missing]
            if not MAGIC.startswith(self._begin):
                raise unreadable("", "is not a Parquet file: it begins otherwise")

    def end(self, path: Path, /) -> None:
        """See `ArrivalCheck`."""
        self.rows = check_parquet(path, self._wanted)

    def state(self) -> dict[str, Any]:
        """See `ArrivalCheck`."""
        return {"begin": self._begin.hex()}


def check_parquet(path: Path, wanted: Wanted, decimal: str = ".") -> int:
    """Return how many rows a file has. Raises InvalidBody or InvalidInput as an `ArrivalCheck`."""
    try:
        with path.open("rb") as content, opened_parquet(content, checksums=True) as file:
            _check_footer(file, wanted, decimal)
            faults: list[Fault] = []
            for first, batch in _batches(file, wanted.fields()):
                faults.extend(_batch_faults(batch, first, wanted, decimal))
                if len(faults) >= MAX_FAULTS:
                    break
            rows = int(file.metadata.num_rows)
    except NotWhole as error:
        raise unreadable("", f"{error}: was it cut off?") from error
    if faults:
        raise misfit(faults[:MAX_FAULTS])
    return rows


def _check_footer(file: Any, wanted: Wanted, decimal: str) -> None:
    metadata, names = file.metadata, list(file.schema_arrow.names)
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    if any(group.total_byte_size > LARGEST_GROUP for group in groups):
        limit = LARGEST_GROUP // 1024**3
        raise unreadable("", f"has a row group of more than {limit} GiB: write smaller ones")
    if twice := repeated(names):
        faults = [Fault(f'column "{name}"', REPEATED) for name in twice]
        raise misfit(faults[:MAX_FAULTS])
    absent = RowCheck(wanted, decimal).absent(names)
    types = {one.name: one.type for one in file.schema_arrow}
    wrong = [
        Fault(f'column "{name}"', f"is of type {types[name]}, which cannot hold {field.type.value}")
        for name, field in wanted.fields().items()
        if name in types and not holds(types[name], field, as_cells=True)
    ]
    if absent or wrong:
        raise misfit([*absent, *wrong][:MAX_FAULTS])


def _batches(file: Any, fields: Mapping[str, Field]) -> Iterator[tuple[int, Any]]:
    """Yield the number of the first row, from 1, with each batch of the columns that matter."""
    first = 1
    names = [name for name in file.schema_arrow.names if name in fields]
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
        yield first, batch
        first += batch.num_rows


def _batch_faults(batch: Any, first: int, wanted: Wanted, decimal: str) -> list[Fault]:
    faults: list[Fault] = []
    for name, field in wanted.fields().items():
        if name in batch.schema.names:
            check = cell_check(field, decimal, required=wanted.required(name))
            rows = _misfits(batch.column(name), field, check)
            faults.extend(Fault(f'column "{name}", row {first + row}', why) for row, why in rows)
    return sorted(faults, key=_row)[:MAX_FAULTS]


def _row(fault: Fault) -> int:
    return int(fault.where.rpartition(" ")[2])


def _misfits(column: Any, field: Field, check: CheckCell) -> list[tuple[int, str]]:
    """Return position and reason of the first cells that do not fit."""
    if _all_fit(column, field, check):
        return []
    looked = ((position, check(cell)) for position, cell in enumerate(column.to_pylist()))
    return list(islice(((at, why) for at, why in looked if why is not None), MAX_FAULTS))


def _all_fit(column: Any, field: Field, check: CheckCell) -> bool:
    """Tell whether nothing is wrong, which is the usual case, without looking at every cell."""
    from pyarrow import types

    kind = column.type
    if field.type not in NUMERIC or not (types.is_floating(kind) or types.is_integer(kind)):
        return all(check(value) is None for value in column.unique().to_pylist())
    numbers = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    if np.isnan(numbers).any() and check(None) is not None:
        return False
    numbers = numbers[~np.isnan(numbers)]
    if (
        field.type is FieldType.INTEGER
        and not ((np.floor(numbers) == numbers) & (np.abs(numbers) <= MAX_EXACT_INTEGER)).all()
    ):
        return False
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    return bool((np.isfinite(numbers) & (low <= numbers) & (numbers <= high)).all())
