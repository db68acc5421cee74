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
from minerva.layers.abstraction.uploads.checking import misfit, unreadable
from minerva.layers.abstraction.uploads.rows import CheckCell, RowCheck, cell_check
from minerva.schema import Field, FieldType, Schema
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC

BATCH_ROWS = 8192
LARGEST_GROUP = 2 * 1024**3
"""Bytes of one row group when unpacked: writers that mean well make smaller ones."""


def check_parquet(path: Path, schema: Schema, decimal: str = ".") -> int:
    """Return how many rows a file has. Raises InvalidBody or InvalidInput as an `ArrivalCheck`."""
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            _check_footer(file, schema, decimal)
            faults: list[Fault] = []
            for first, batch in _batches(file, _wanted(schema)):
                faults.extend(_batch_faults(batch, first, schema, decimal))
                if len(faults) >= MAX_FAULTS:
                    break
            rows = int(file.metadata.num_rows)
    except (ArrowException, OSError) as error:
        raise unreadable("", "is not a whole Parquet file: was it cut off?") from error
    if faults:
        raise misfit(faults[:MAX_FAULTS])
    return rows


def _wanted(schema: Schema) -> dict[str, Field]:
    return {name: one for name, one in schema.inputs.items() if one.use} | dict(schema.output)


def _check_footer(file: Any, schema: Schema, decimal: str) -> None:
    metadata, names = file.metadata, list(file.schema_arrow.names)
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    if any(group.total_byte_size > LARGEST_GROUP for group in groups):
        limit = LARGEST_GROUP // 1024**3
        raise unreadable("", f"has a row group of more than {limit} GiB: write smaller ones")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        faults = [Fault(f'column "{name}"', "stands there more than once") for name in repeated]
        raise misfit(faults[:MAX_FAULTS])
    absent = RowCheck(schema, decimal).absent(names)
    types = {one.name: one.type for one in file.schema_arrow}
    wrong = [
        Fault(f'column "{name}"', f"is of type {types[name]}, which cannot hold {field.type.value}")
        for name, field in _wanted(schema).items()
        if name in types and not _may_hold(types[name], field)
    ]
    if absent or wrong:
        raise misfit([*absent, *wrong][:MAX_FAULTS])


def _may_hold(kind: Any, field: Field) -> bool:
    """Whether a column of this Arrow type can hold what the field asks for."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _may_hold(kind.value_type, field)
    if types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind):
        return True
    moment = types.is_timestamp(kind) or types.is_date(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER | FieldType.BOOLEAN:
            return bool(number or types.is_boolean(kind))
        case FieldType.TIMESTAMP:
            return bool(moment)
        case _:
            return bool(number or moment or types.is_boolean(kind) or types.is_time(kind))


def _batches(file: Any, fields: Mapping[str, Field]) -> Iterator[tuple[int, Any]]:
    """Yield the number of the first row, from 1, with each batch of the columns that matter."""
    first = 1
    names = [name for name in file.schema_arrow.names if name in fields]
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
        yield first, batch
        first += batch.num_rows


def _batch_faults(batch: Any, first: int, schema: Schema, decimal: str) -> list[Fault]:
    faults: list[Fault] = []
    for name, field in _wanted(schema).items():
        if name in batch.schema.names:
            check = cell_check(field, decimal, truth=name in schema.output)
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
