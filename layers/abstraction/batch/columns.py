"""One Arrow column by one field: what certainly fits all at once, the rest left to the JSON decoder.

The decoder alone says what a value means. Here a column of plain numbers, truths or moments is taken
over as it is, and every other column by its distinct values, each of which the decoder reads once. What
neither can vouch for is `doubtful`; its rows are decoded one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from minerva.errors import InvalidInput
from minerva.layers.abstraction.formats.values import Plain, json_value
from minerva.schema import Batch, Column, Decoder, Field, FieldType, Schema
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC

Doubtful = NDArray[np.bool_]
PLAIN_NUMBER = r"^-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][-+]?[0-9]{1,2})?$"
"""Text cells that Arrow surely reads as a number, the same as Python's."""
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
PER_MICROSECOND = 1_000


@dataclass(frozen=True)
class ColumnReader:
    """Reads columns of one field."""

    name: str
    field: Field
    decoder: Decoder
    """Of a schema that has this field alone."""
    plain: Plain
    """Returns a value that is not null as the JSON that a caller would have sent."""
    text_numbers: bool = False
    """Whether text stands for numbers, written with a decimal point: cells of a CSV file."""
    null_is_vague: bool = False
    """Whether null may also mean that there is no such member: JSON read as columns."""

    @classmethod
    def of(
        cls,
        name: str,
        field: Field,
        plain: Plain = json_value,
        *,
        text_numbers: bool = False,
        null_is_vague: bool = False,
    ) -> ColumnReader:
        """Make the reader of one input; it is read whether a model sees it or not."""
        alone = Schema({name: msgspec.structs.replace(field, use=True)}, {})
        vague = null_is_vague and field.nullable and field.default is not None
        return cls(name, field, Decoder(alone), plain, text_numbers, vague)

    def read(self, values: pa.Array) -> tuple[Column, Doubtful]:
        """Return the column and which of its rows are doubtful."""
        if isinstance(values, pa.DictionaryArray):
            return self._distinct(values)
        kind = values.type
        if self.field.type in NUMERIC and _is_number(kind):
            return self._numbers(_numpy(values), values)
        if self.field.type is FieldType.BOOLEAN and pa.types.is_boolean(kind):
            return self._filled(_numpy(values.cast(pa.float64())), values)
        if self.field.type is FieldType.TIMESTAMP and pa.types.is_timestamp(kind):
            return self._moments(values)
        if self.field.type in NUMERIC and self.text_numbers and pa.types.is_string(kind):
            return self._text_numbers(values)
        return self._distinct(values.dictionary_encode())

    def missing(self, rows: int) -> tuple[Column, Doubtful]:
        """Return what stands for a column that is not there."""
        try:
            column = self.decoder.records([{}]).columns[self.name]
        except InvalidInput:
            return self._nothing(rows), np.ones(rows, dtype=bool)
        return np.repeat(column, rows), np.zeros(rows, dtype=bool)

    def _numbers(self, column: NDArray[np.float64], values: pa.Array) -> tuple[Column, Doubtful]:
        field = self.field
        low = -math.inf if field.minimum is None else field.minimum
        high = math.inf if field.maximum is None else field.maximum
        with np.errstate(invalid="ignore"):
            fits = (column >= low) & (column <= high) & np.isfinite(column)
            fits &= np.abs(column) < MAX_EXACT_INTEGER if _is_whole(values.type) else True
            if field.type is FieldType.INTEGER:
                fits &= (np.abs(column) < MAX_EXACT_INTEGER) & (np.floor(column) == column)
        return self._filled(column, values, ~fits)

    def _text_numbers(self, values: pa.Array) -> tuple[Column, Doubtful]:
        """Take plainly written numbers at once; "+5", " 5", "1e3", "NA" and the like as distinct cells."""
        numbers, odd = _cast(values)
        column, doubtful = self._numbers(_numpy(numbers), numbers)
        if odd.any():
            column, doubtful = column.copy(), doubtful.copy()
            column[odd], doubtful[odd] = self._distinct(
                values.filter(pa.array(odd)).dictionary_encode()
            )
        return column, doubtful

    def _moments(self, values: pa.Array) -> tuple[Column, Doubtful]:
        ticks, unit = values.cast(pa.int64()), values.type.unit
        present = ticks.fill_null(0).to_numpy()
        if unit == "ns":
            present, unit = present // PER_MICROSECOND, "us"
        odd = np.abs(present) >= MAX_EXACT_INTEGER
        seconds = present.astype(np.float64) / PER_SECOND[unit]
        odd |= (seconds < FIRST_MOMENT) | (seconds > LAST_MOMENT)
        return self._filled(seconds, values, odd)

    def _filled(
        self, column: NDArray[np.float64], values: pa.Array, odd: Doubtful | None = None
    ) -> tuple[Column, Doubtful]:
        """Put what stands for null where it is null."""
        doubtful = np.zeros(len(column), dtype=bool) if odd is None else odd
        if values.null_count:
            null = _numpy(values.is_null()).astype(bool)
            filler, refused = self._one(None)
            column = np.where(null, np.nan if refused else filler, column)
            doubtful = np.where(null, refused, doubtful)
        return column, doubtful

    def _distinct(self, values: pa.DictionaryArray) -> tuple[Column, Doubtful]:
        """Read each distinct value once; null is one of them."""
        cells, indices = values.dictionary.to_pylist(), values.indices
        if indices.null_count:
            indices = indices.cast(pa.int64()).fill_null(len(cells))
            cells.append(None)
        column, refused = self._cells(cells)
        codes = indices.to_numpy(zero_copy_only=False)
        return column[codes], refused[codes]

    def _cells(self, cells: list[Any]) -> tuple[Column, Doubtful]:
        if not self.null_is_vague:
            try:
                return self._decode(cells).columns[self.name], np.zeros(len(cells), dtype=bool)
            except InvalidInput:
                pass
        read = [self._one(cell) for cell in cells]
        refused = np.array([wrong for _, wrong in read], dtype=bool)
        column = self._nothing(len(cells))
        column[~refused] = [cell for cell, wrong in read if not wrong]
        return column, refused

    def _nothing(self, rows: int) -> Column:
        column: Column = np.empty(rows, dtype=_DTYPES.get(self.field.type, np.float64))
        column[:] = _NOTHING.get(self.field.type, np.nan)
        return column

    def _one(self, cell: Any) -> tuple[Any, bool]:
        if cell is None and self.null_is_vague:
            return None, True
        try:
            return self._decode([cell]).columns[self.name][0], False
        except InvalidInput:
            return None, True

    def _decode(self, cells: list[Any]) -> Batch:
        return self.decoder.records(
            [{self.name: None if cell is None else self.plain(cell)} for cell in cells]
        )


_DTYPES: dict[FieldType, Any] = {FieldType.CATEGORY: np.int32, FieldType.TEXT: object}
_NOTHING: dict[FieldType, Any] = {FieldType.CATEGORY: -1, FieldType.TEXT: None}
FIRST_MOMENT = -62_135_596_800.0
"""0001-01-01, before which no text can tell a moment."""
LAST_MOMENT = 253_402_300_799.0


def _cast(values: pa.Array) -> tuple[pa.Array, Doubtful]:
    """Return text cells as numbers, null where a cell is not plainly one, and where that is."""
    nothing = pa.scalar(None, values.type)
    odd = pc.fill_null(pc.equal(values, ""), True)
    try:
        numbers = pc.if_else(odd, nothing, values).cast(pa.float64())
    except pa.ArrowInvalid:
        odd = pc.invert(pc.fill_null(pc.match_substring_regex(values, PLAIN_NUMBER), False))
        numbers = pc.if_else(odd, nothing, values).cast(pa.float64())
    return numbers, _numpy(odd).astype(bool)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or _is_whole(kind)


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind))


def _numpy(values: pa.Array) -> NDArray[Any]:
    """Return float64 (null is NaN), or object for truths with nulls."""
    found: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return found if found.dtype.kind in "bO" else found.astype(np.float64, copy=False)
