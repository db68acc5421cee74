"""From a runner's answer to arrays. It is a program's word: nothing is taken for granted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, Predictions
from minerva.schema import Schema

_NUMBERS = frozenset({int, float})


def predictions_of(result: Mapping[str, Any], schema: Schema, rows: int) -> Predictions:
    """Return output name → array. Raises ValueError that says what is wrong, never a value."""
    columns = _columns(result, "predictions", list(schema.output))
    return {name: _output(name, schema.output[name], columns[name], rows) for name in schema.output}


def contributions_of(result: Mapping[str, Any], schema: Schema, rows: int) -> NDArray[np.float64]:
    """Return shape (rows, features). Raises ValueError as above."""
    columns = _columns(result, "contributions", schema.features)
    if not schema.features:
        return np.empty((rows, 0))
    return np.column_stack([_numbers(name, columns[name], rows) for name in schema.features])


def _columns(result: Mapping[str, Any], member: str, names: Sequence[str]) -> Mapping[str, Any]:
    columns = result.get(member)
    if len(result) != 1 or type(columns) is not dict:
        raise ValueError(f"a result that is not `{member}`, an object, alone")
    if columns.keys() != set(names):
        raise ValueError(f"`{member}` for other names than {', '.join(map(repr, names[:20]))}")
    return columns


def _output(name: str, field: Field, column: Any, rows: int) -> NDArray[np.float64]:
    if field.type is not FieldType.CATEGORY:
        return _numbers(name, column, rows)
    width = len(field.values)
    if type(column) is not list or len(column) != rows:
        raise ValueError(f"{name!r} that is not a list of {rows} lists")
    if not all(type(row) is list and len(row) == width for row in column):
        raise ValueError(
            f"{name!r} whose lists do not have a probability for each of {width} values"
        )
    flat = _numbers(name, [value for row in column for value in row], rows * width)
    return flat.reshape(rows, width)


def _numbers(name: str, column: Any, count: int) -> NDArray[np.float64]:
    if type(column) is not list or len(column) != count:
        raise ValueError(f"{name!r} that is not a list of {count} numbers")
    if not _NUMBERS.issuperset(map(type, column)):
        raise ValueError(f"{name!r} with something in it that is not a number")
    try:
        numbers = np.array(column, dtype=np.float64)
    except OverflowError:
        numbers = np.array([math.inf])
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name!r} with a number that no 64-bit float holds")
    return numbers
