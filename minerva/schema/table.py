"""Reading tables (data frames, database rows) by a schema, cell by cell as `cell` says.

What does not fit is named by column and row, never by value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import Fault, InvalidData
from minerva.schema import cell
from minerva.schema.batch import Batch, Column
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC, Field, FieldType
from minerva.schema.schema import Schema
from minerva.schema.value import listed, out_of_range, seconds

if TYPE_CHECKING:
    import pandas as pd

UNFIT = {
    FieldType.INTEGER: "is not a whole number",
    FieldType.NUMBER: "is not a number",
    FieldType.BOOLEAN: "is neither true nor false",
    FieldType.TIMESTAMP: "is not a timestamp such as 2026-01-31T12:00:00Z",
    FieldType.TEXT: "is not text",
}


class TableReader:
    """Turns data frames into a Batch and, for training, the outputs' truth."""

    def __init__(self, schema: Schema, decimal: str = ".") -> None:
        self.schema = schema
        self._decimal = decimal

    def batch(self, frame: pd.DataFrame, first_row: int = 1) -> Batch:
        """Return the inputs of a frame whose first row counts as `first_row`.

        Raises InvalidData, with faults such as `column "tenure", row 7`.
        """
        used = {name: field for name, field in self.schema.inputs.items() if field.use}
        columns = self.columns(frame, used, first_row)
        key = self.schema.key
        keys = frame[key].tolist() if key is not None and key in frame.columns else None
        if keys is None and key is not None:
            keys = [None] * len(frame)
        return Batch(self.schema, columns, len(frame), keys)

    def targets(self, frame: pd.DataFrame, first_row: int = 1) -> dict[str, Column]:
        """Return output name → truth: int32 codes of a category, else float64; shape (n,)."""
        return self.columns(frame, self.schema.output, first_row)

    def columns(
        self, frame: pd.DataFrame, fields: Mapping[str, Field], first_row: int = 1
    ) -> dict[str, Column]:
        """Return any columns of a frame by what these fields say of them. Raises InvalidData."""
        _refuse_repeated(frame)
        faults: list[Fault] = []
        columns: dict[str, Column] = {}
        for name, field in fields.items():
            if name in frame.columns:
                columns[name], bad = _read(frame[name], field, self._decimal)
                where = f'column "{name}", row '
                faults.extend(Fault(f"{where}{first_row + row}", why) for row, why in bad)
            elif field.required:
                faults.append(Fault(f'column "{name}"', "is missing from the data"))
            else:
                columns[name] = _filled(field, len(frame), field.default)
        if faults:
            raise InvalidData("The data contradicts the schema.", faults=faults[:MAX_FAULTS])
        return columns


@dataclass(frozen=True, eq=False)
class Judged:
    """Every cell of a column, whether it fits or not."""

    column: Column
    missing: NDArray[np.bool_]
    unfit: dict[str, NDArray[np.bool_]]
    """Why cells do not fit → which."""


def judged(series: pd.Series[Any], field: Field, decimal: str = ".") -> Judged:
    """Look at a whole column, by the rules of `TableReader`; whether it may be missing is not asked."""
    column, missing, unfit = _typed(series, field) or _cells(series, field, decimal)
    why = f"is not one of {listed(field)}" if field.values else UNFIT.get(field.type, "")
    reasons = {why: unfit}
    if field.type in NUMERIC:
        here = ~(missing | unfit)
        for bound, beyond in ((field.minimum, np.less), (field.maximum, np.greater)):
            if bound is not None:
                with np.errstate(invalid="ignore"):
                    where = beyond(column, bound) & here
                reasons[f"is {'below' if beyond is np.less else 'above'} {bound:g}"] = where
    return Judged(column, missing, {why: rows for why, rows in reasons.items() if rows.any()})


def plain_row(schema: Schema, row: Mapping[str, Any], decimal: str = ".") -> dict[str, Any]:
    """Return a database row as the JSON record that a caller would have sent; other columns dropped."""
    record = cell.plain_row(schema.inputs, row, decimal)
    if schema.key is not None and schema.key in row:
        record[schema.key] = row[schema.key]
    return record


def _refuse_repeated(frame: pd.DataFrame) -> None:
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        fault = Fault(f'column "{repeated[0]}"', "stands there more than once")
        raise InvalidData("The data contradicts the schema.", faults=[fault])


def _read(
    series: pd.Series[Any], field: Field, decimal: str
) -> tuple[Column, list[tuple[int, str]]]:
    """Return the column, and the first rows that do not fit with why each does not."""
    column, missing, unfit = _typed(series, field) or _cells(series, field, decimal)
    if field.default is not None and not field.nullable:
        column = np.where(missing, _filled(field, len(column), field.default), column)
    why = f"is not one of {listed(field)}" if field.values else UNFIT.get(field.type, "")
    reasons = dict.fromkeys(_first(unfit), why)
    if field.required:
        reasons |= dict.fromkeys(_first(missing), "is empty, but the field is not nullable")
    if field.type in NUMERIC:
        reasons |= _beyond(column, field, missing | unfit)
    return column, sorted(reasons.items())[:MAX_FAULTS]


def _typed(
    series: pd.Series[Any], field: Field
) -> tuple[Column, NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Read a column whose type already says what it holds, all at once; None: look at the cells."""
    if field.type not in NUMERIC or series.dtype.kind not in "iuf":
        return None
    column = series.to_numpy(dtype=np.float64, na_value=math.nan)
    missing, fits = np.isnan(column), np.isfinite(column)
    if field.type is FieldType.INTEGER:
        fits &= (np.floor(column) == column) & (np.abs(column) <= MAX_EXACT_INTEGER)
    return column, missing, ~missing & ~fits


def _cells(
    series: pd.Series[Any], field: Field, decimal: str
) -> tuple[Column, NDArray[np.bool_], NDArray[np.bool_]]:
    read = cell.reader(field, decimal)
    absent = series.isna().tolist()
    cells = series.astype(object).tolist()
    values = [None if gone else read(value) for gone, value in zip(absent, cells, strict=True)]
    empty = [gone or cell.is_empty(value) for gone, value in zip(absent, cells, strict=True)]
    missing = np.array(empty, dtype=bool)
    fits = np.array([value is not None for value in values], dtype=bool)
    if field.type is FieldType.CATEGORY:
        missing &= ~fits  # an empty text, or the word "NA", may be a declared value
    column = _filled(field, len(cells), None)
    chosen = fits & ~missing
    column[chosen] = [value for value, use in zip(values, chosen, strict=True) if use]
    return column, missing, ~fits & ~missing


def _filled(field: Field, rows: int, value: Any) -> Column:
    """Return a column that holds one value of the schema's own; None: missing."""
    match field.type:
        case FieldType.CATEGORY:
            code = -1 if value is None else field.values.index(value)
            return np.full(rows, code, dtype=np.int32)
        case FieldType.TEXT:
            column = np.empty(rows, dtype=object)
            column[:] = value
            return column
        case FieldType.TIMESTAMP if value is not None:
            return np.full(rows, seconds(value))
        case _:
            return np.full(rows, math.nan if value is None else float(value))


def _beyond(column: Column, field: Field, skip: NDArray[np.bool_]) -> dict[int, str]:
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    with np.errstate(invalid="ignore"):
        beyond = ((column < low) | (column > high)) & ~skip
    return {row: out_of_range(field, column[row]) or "" for row in _first(beyond)}


def _first(rows: NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in np.flatnonzero(rows)[:MAX_FAULTS]]
