"""Whether what one step makes is what another one takes, and how it is handed over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.schema import Field, FieldType
from minerva.schema.batch import Column
from minerva.schema.field import NUMERIC

NUMBERS = NUMERIC | {FieldType.BOOLEAN}


def misfit(made: Field, taken: Field) -> str | None:
    """Return why values of one field cannot be handed over as those of another, None if they can."""
    if taken.type is FieldType.TEXT:
        if made.type not in {FieldType.TEXT, FieldType.CATEGORY}:
            return f"is {_a(made)}, and text is wanted"
    elif taken.type is FieldType.CATEGORY:
        if made.type is not FieldType.CATEGORY:
            return f"is {_a(made)}, and a category is wanted"
        unknown = [value for value in made.values if value not in taken.values]
        if unknown:
            return f"may be {unknown[0]!r}, which is no value of the category that is wanted"
    elif taken.type is FieldType.NUMBER:
        if made.type not in NUMBERS:
            return f"is {_a(made)}, and a number is wanted"
    elif made.type is not taken.type:
        return f"is {_a(made)}, and {_a(taken)} is wanted"
    if made.nullable and taken.required:
        return "may be missing, and must not be: fill it in before, or give the step a `default`"
    return None


def handed(column: Column, made: Field, taken: Field) -> Column:
    """Return a column of the one field as one of the other, which it fits."""
    if taken.type is FieldType.TEXT and made.type is FieldType.CATEGORY:
        texts = np.array([*map(str, made.values), None], dtype=object)
        return texts[column]
    if taken.type is FieldType.CATEGORY and made.values != taken.values:
        codes = [taken.values.index(value) for value in made.values]
        return np.array([*codes, -1], dtype=np.int32)[column]
    return column


def wrong_column(column: Any, field: Field, rows: int, failed: Collection[int] = ()) -> str | None:
    """Return what is wrong with a column that a step made, None if nothing is.

    Values of rows that `failed` do not matter.
    """
    shape = getattr(column, "shape", None)
    if shape != (rows,):
        made = "no array" if shape is None else f"{shape[0] if shape else 0} rows"
        return f"made {made} of {rows}"
    kind = column.dtype.kind
    match field.type:
        case FieldType.TEXT:
            good = kind == "O"
        case FieldType.CATEGORY:
            good = kind in "iu" and (
                not rows or -1 <= column.min() <= column.max() < len(field.values)
            )
        case _:
            good = kind in "fiub"
    if not good:
        return f"made {column.dtype} where {_a(field)} was promised"
    if field.nullable:
        return None
    missing = np.flatnonzero(gaps(column, field))
    lost = missing if not len(failed) else np.setdiff1d(missing, list(failed))
    return f"made nothing of item {lost[0]}" if len(lost) else None


def gaps(column: Column, field: Field) -> NDArray[np.bool_]:
    """Return which values are missing, shape (n,)."""
    match field.type:
        case FieldType.TEXT:
            return np.array([one is None for one in column], dtype=bool)
        case FieldType.CATEGORY:
            return np.asarray(column < 0)
        case _:
            return np.asarray(column != column)  # noqa: PLR0124 - NaN is the one value that differs from itself


def empty(field: Field, rows: int) -> Column:
    """Return a column in which every value is missing."""
    match field.type:
        case FieldType.TEXT:
            return np.full(rows, None, dtype=object)
        case FieldType.CATEGORY:
            return np.full(rows, -1, dtype=np.int32)
        case _:
            return np.full(rows, np.nan)


def _a(field: Field) -> str:
    return f"{'an' if field.type is FieldType.INTEGER else 'a'} {field.type.value}".replace(
        "a text", "text"
    )
