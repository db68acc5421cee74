"""From a model's arrays to the rows that a caller gets, checked against the output schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import AlgorithmFailed
from minerva.schema import Batch, Field, FieldType, Schema
from minerva.schema.field import MAX_EXACT_INTEGER

DIGITS = 6
"""Decimal places of a probability; a model's float32 holds no more."""
TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1 in sum: roundings of many classes, not a raw score."""


def answer_rows(batch: Batch, outputs: Predictions) -> list[dict[str, Any]]:
    """Return one object per record: its key (if the schema has one), then each output.

    A category adds `<name>_probabilities` (value → 0..1), a boolean `<name>_probability`. Raises
    AlgorithmFailed if the model broke its contract: shape, range or NaN.
    """
    rows: list[dict[str, Any]] = [{} for _ in range(len(batch))]
    if batch.keys is not None and batch.schema.key is not None:
        _put(rows, batch.schema.key, batch.keys)
    for name, answered in answers(batch.schema, outputs, len(batch)).items():
        for member, values in _members(name, batch.schema.output[name], answered).items():
            _put(rows, member, values)
    return rows


@dataclass(frozen=True, eq=False)
class Answered:
    """One output over n records, checked and rounded as callers get it."""

    values: NDArray[Any]
    """Shape (n,): a category's int64 index into the values, bool, int64 or float64."""
    chances: NDArray[np.float64] | None = None
    """A category's probabilities, shape (n, values), or the probability of true, shape (n,)."""


def answers(schema: Schema, outputs: Predictions, rows: int) -> dict[str, Answered]:
    """Return output → what it says. Raises AlgorithmFailed as `answer_rows` does."""
    for name in schema.output:
        if name not in outputs:
            raise AlgorithmFailed(f"The model gave no output {name!r}.")
    return {
        name: _answered(name, field, np.asarray(outputs[name]), rows)
        for name, field in schema.output.items()
    }


def _put(rows: list[dict[str, Any]], name: str, values: Any) -> None:
    for row, value in zip(rows, values, strict=True):
        row[name] = value


def _members(name: str, field: Field, answered: Answered) -> dict[str, list[Any]]:
    """Return the members that an output has in a row, with their values."""
    values, chances = answered.values.tolist(), answered.chances
    if field.type is FieldType.CATEGORY:
        values = [field.values[code] for code in values]
    if chances is None:
        return {name: values}
    if field.type is FieldType.BOOLEAN:
        return {name: values, f"{name}_probability": chances.tolist()}
    labels = [str(value) for value in field.values]
    rows = [dict(zip(labels, row, strict=True)) for row in chances.tolist()]
    return {name: values, f"{name}_probabilities": rows}


def _answered(name: str, field: Field, column: NDArray[Any], rows: int) -> Answered:
    if column.shape[:1] != (rows,):
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape} for {rows} records.")
    if column.dtype.kind not in "biuf":
        raise AlgorithmFailed(f"Output {name!r} holds {column.dtype}, not numbers.")
    if not np.isfinite(column).all():
        raise AlgorithmFailed(f"Output {name!r} holds NaN or infinity.")
    if field.type is FieldType.CATEGORY:
        return _category(name, field, column)
    if column.ndim != 1:
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape}, not ({rows},).")
    if field.type is FieldType.BOOLEAN:
        _check_chances(name, column)
        chance = _rounded(column)
        return Answered(chance >= 0.5, chance)  # noqa: PLR2004 - more likely than not
    if field.type is FieldType.INTEGER:
        if len(column) and np.abs(column).max() > MAX_EXACT_INTEGER:
            raise AlgorithmFailed(f"Output {name!r} holds a whole number beyond 2^53.")
        return Answered(np.rint(column).astype(np.int64))
    return Answered(column.astype(np.float64))


def _category(name: str, field: Field, column: NDArray[Any]) -> Answered:
    values = field.values
    if column.ndim == 1:
        codes = column.astype(np.int64)
        if not ((codes == column) & (codes >= 0) & (codes < len(values))).all():
            raise AlgorithmFailed(f"Output {name!r} holds what is no index into its values.")
        return Answered(codes)
    if column.shape[1:] != (len(values),):
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape}, values {len(values)}.")
    _check_chances(name, column)
    if not (np.abs(column.sum(axis=1) - 1) <= TOLERANCE).all():
        raise AlgorithmFailed(f"Output {name!r} has probabilities that do not sum to 1.")
    return Answered(column.argmax(axis=1), _rounded(column))


def _rounded(column: NDArray[Any]) -> NDArray[np.float64]:
    rounded: NDArray[Any] = np.round(column.astype(np.float64), DIGITS)
    return rounded


def _check_chances(name: str, column: NDArray[Any]) -> None:
    if len(column) and not (column.min() >= -TOLERANCE and column.max() <= 1 + TOLERANCE):
        raise AlgorithmFailed(f"Output {name!r} holds a probability outside 0..1.")
