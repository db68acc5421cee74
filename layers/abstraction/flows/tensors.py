"""Items as tensors of the Open Inference Protocol, and back: how a step in another container is asked.

numbers, booleans and timestamps are FP64, texts and categories BYTES; what is missing is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.flows.answering import certain, column_of_values
from minerva.layers.abstraction.flows.making import values_of
from minerva.schema import Field, FieldType, Schema
from minerva.schema.batch import Column
from minerva.step import Columns, Fields

TEXTS = (FieldType.TEXT, FieldType.CATEGORY)
Tensor = dict[str, Any]


def to_tensors(columns: Columns, fields: Fields) -> list[Tensor]:
    """Return a tensor for each field, shape [n]."""
    return [_tensor(name, columns[name], one) for name, one in fields.items()]


def from_tensors(tensors: Sequence[Mapping[str, Any]], fields: Fields) -> Columns:
    """Return the columns of some fields. Raises AlgorithmFailed for an answer that lacks one."""
    known = {tensor.get("name"): tensor for tensor in tensors}
    return {name: _column(known.get(name), name, one) for name, one in fields.items()}


def answered(tensors: Sequence[Mapping[str, Any]], schema: Schema) -> Columns:
    """Return what a service answered, with chances. Raises as `from_tensors`."""
    known = {tensor.get("name"): tensor for tensor in tensors}
    made: dict[str, Column] = {}
    for name, one in schema.output.items():
        made[name] = _column(known.get(name), name, one)
        chances = known.get(f"{name}_probabilities") or known.get(f"{name}_probability")
        if chances is None:
            made |= certain(name, one, made[name])
        else:
            made |= _chances(name, one, chances, len(made[name]))
    return made


def _chances(name: str, field: Field, tensor: Mapping[str, Any], rows: int) -> Columns:
    values = values_of(field)
    data = np.asarray(_flat(tensor, name), dtype=np.float64)
    if data.size != rows * len(values):
        raise AlgorithmFailed(f"It answered {data.size} chances for {name!r}.")
    table = data.reshape(rows, len(values))
    return {f"{name}.{value}": table[:, at] for at, value in enumerate(values)}


def _tensor(name: str, column: Column, field: Field) -> Tensor:
    if field.type is FieldType.CATEGORY:
        labels = [*map(str, field.values), None]
        data: list[Any] = [labels[code] for code in column.tolist()]
    elif field.type is FieldType.TEXT:
        data = list(column)
    else:
        data = [None if value != value else value for value in _floats(column)]  # noqa: PLR0124 - NaN is the one value that differs from itself
    datatype = "BYTES" if field.type in TEXTS else "FP64"
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": data}


def _floats(column: NDArray[Any]) -> list[float]:
    values: list[float] = np.asarray(column, np.float64).tolist()
    return values


def _column(tensor: Mapping[str, Any] | None, name: str, field: Field) -> Column:
    if tensor is None:
        raise AlgorithmFailed(f"It answered without {name!r}.")
    values = _flat(tensor, name)
    if field.type is FieldType.TIMESTAMP:
        return np.array([np.nan if one is None else one for one in values], np.float64)
    if field.type is FieldType.CATEGORY:
        named = {str(value): value for value in field.values}
        values = [named.get(one) for one in values]
    try:
        return column_of_values(values, field)
    except (TypeError, ValueError) as error:
        raise AlgorithmFailed(f"It answered {name!r} in another form.") from error


def _flat(tensor: Mapping[str, Any], name: str) -> list[Any]:
    data = tensor.get("data")
    if not isinstance(data, list):
        raise AlgorithmFailed(f"It answered {name!r} without data.")
    while data and isinstance(data[0], list):
        data = [value for row in data for value in row]
    return data
