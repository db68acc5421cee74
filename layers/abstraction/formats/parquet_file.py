"""Parquet files: opened, told apart from what is none, and which of their types can hold a field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from minerva.schema import Field, FieldType
from minerva.schema.field import NUMERIC

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

MAGIC = b"PAR1"
"""The first and the last bytes of every file."""


class NotWhole(Exception):
    """The file is no Parquet, or only a part of it is there."""

    def __str__(self) -> str:
        return "is not a whole Parquet file"


@contextmanager
def opened_parquet(
    file: IO[bytes], *, buffer_size: int = 0, checksums: bool = False
) -> Iterator[ParquetFile]:
    """Open a file, read as it comes and not ahead. Raises NotWhole, also while it is read.

    Arrow says of a damaged file that it is an OSError, one without a number; those of the system pass.
    """
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(
            file,
            pre_buffer=False,
            buffer_size=buffer_size,
            page_checksum_verification=checksums,
        ) as opened:
            yield opened
    except ArrowException as error:
        raise NotWhole from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise NotWhole from error


def frames(
    opened: ParquetFile,
    chunk_rows: int,
    columns: Sequence[str] | None = None,
    groups: Sequence[int] | None = None,
    *,
    threads: bool = True,
) -> Iterator[pd.DataFrame]:
    """Yield rows with the types of the file; one frame without rows if there are none."""
    names = opened.schema_arrow.names if columns is None else list(columns)
    wanted = list(range(opened.num_row_groups) if groups is None else groups)
    if not any(opened.metadata.row_group(one).num_rows for one in wanted):
        yield opened.schema_arrow.empty_table().select(names).to_pandas()
        return
    for batch in opened.iter_batches(chunk_rows, wanted, columns=names, use_threads=threads):
        yield batch.to_pandas()


def holds(kind: pa.DataType, field: Field, *, as_cells: bool) -> bool:
    """Tell whether a column of this Arrow type can hold what a field asks for.

    `as_cells`: values mean what cells of a table mean, as in training data, where "12,5" is a number and
    1 a truth; else what JSON of the same type means, as a caller sends it.
    """
    from pyarrow import types

    if types.is_dictionary(kind):
        return holds(kind.value_type, field, as_cells=as_cells)
    if types.is_null(kind):
        return True
    if is_text(kind):
        return as_cells or _text_holds(field)
    truth = types.is_boolean(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    moment = types.is_timestamp(kind) or types.is_date(kind)
    if field.type in NUMERIC:
        return bool(number or (as_cells and truth))
    match field.type:
        case FieldType.BOOLEAN:
            return bool(truth or (as_cells and number))
        case FieldType.TIMESTAMP:
            return bool(moment)
        case FieldType.CATEGORY if not as_cells:
            return bool(number) and any(not isinstance(value, str) for value in field.values)
        case _:
            return bool(moment or types.is_time(kind) or (as_cells and (number or truth)))


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column is of text."""
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _text_holds(field: Field) -> bool:
    """Tell whether JSON text can mean what a field asks for."""
    if field.type is FieldType.CATEGORY:
        return any(isinstance(value, str) for value in field.values)
    return field.type in {FieldType.TIMESTAMP, FieldType.TEXT}
