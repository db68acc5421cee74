"""Operations on whole columns, with one rule about missing values: see docs/rules.md.

A number is float64 with NaN where missing, a text an object array with None, a truth bool or, for a
boolean field, float64 0/1/NaN.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
LARGEST = float(np.finfo(np.float64).max)

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def missing(column: Column) -> NDArray[np.bool_]:
    """Mark the missing values."""
    if column.dtype == object:
        return np.asarray(column == None, dtype=bool)  # noqa: E711 - value by value, not identity
    return np.isnan(column)


def truth(column: Column) -> NDArray[np.bool_]:
    """Mark what is true; missing is not."""
    marked: NDArray[np.bool_] = column == 1
    return marked


def compare(sign: str, left: Column, right: Column) -> NDArray[np.bool_]:
    """Compare value by value; false where one is missing, whatever the sign."""
    result = COMPARE[sign](left, right).astype(bool)
    return np.asarray(result & ~missing(left) & ~missing(right), dtype=bool)


def among(column: Column, values: Sequence[Any]) -> NDArray[np.bool_]:
    """Mark the values that are one of `values`; missing is none of them."""
    if column.dtype == object:
        wanted = frozenset(values)
        return per_text(lambda text: text in wanted, column)
    return np.isin(column, np.array(values, dtype=np.float64))


def arithmetic(sign: str, left: Column, right: Column) -> NDArray[np.float64]:
    """Add, subtract, multiply or divide; x / 0 is missing, too large becomes the largest double."""
    with np.errstate(all="ignore"):
        match sign:
            case "+":
                result = left + right
            case "-":
                result = left - right
            case "*":
                result = left * right
            case _:
                result = left / np.where(right == 0, np.nan, right)
    return np.asarray(np.clip(result, -LARGEST, LARGEST), dtype=np.float64)


def smallest(columns: Iterable[Column]) -> Column:
    """Take the least number of each row; missing where one is."""
    return reduce(np.minimum, columns)


def greatest(columns: Iterable[Column]) -> Column:
    """Take the greatest number of each row; missing where one is."""
    return reduce(np.maximum, columns)


def lower(column: Column) -> Column:
    """Turn texts into lower case."""
    lowered = np.empty(len(column), dtype=object)
    lowered[:] = [None if text is None else text.lower() for text in column]
    return lowered


def per_text(test: Callable[..., bool], *columns: Column) -> NDArray[np.bool_]:
    """Mark the rows whose texts pass `test`; false where one is missing."""
    answers = (None not in row and test(*row) for row in zip(*columns, strict=True))
    return np.fromiter(answers, dtype=bool, count=len(columns[0]))


def first_present(column: Column, otherwise: Column) -> Column:
    """Take `otherwise` where `column` is missing."""
    return np.where(missing(column), otherwise, column)


def repeated(value: Any, rows: int) -> Column:
    """Return a constant as a column."""
    return np.full(rows, value, dtype=object if isinstance(value, str) else None)
