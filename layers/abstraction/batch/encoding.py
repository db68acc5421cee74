"""From a model's arrays to Arrow columns: what a caller of the REST API gets, column by column.

Checked and rounded by `serving.answers`, without a Python object per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.layers.abstraction.serving.answers import Answered, answers
from minerva.schema import Field, FieldType, Schema
from minerva.schema.field import Scalar


def answer_columns(
    schema: Schema, outputs: Predictions, rows: int, keys: pa.Array | None
) -> pa.RecordBatch:
    """Return key and outputs; raises AlgorithmFailed if the model broke its contract.

    A category adds `<name>_probabilities`, a struct of value → 0..1, if the model gives them; a boolean
    `<name>_probability`.
    """
    columns: dict[str, pa.Array] = {}
    if schema.key is not None:
        columns[schema.key] = pa.nulls(rows, pa.string()) if keys is None else _key(keys)
    for name, answered in answers(schema, outputs, rows).items():
        columns.update(_columns(name, schema.output[name], answered))
    return pa.RecordBatch.from_pydict(columns)


def in_one_schema(answers: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Yield answers with the same types: keys that are numbers here and text there become text."""
    schemas = list(dict.fromkeys(answer.schema for answer in answers()))
    if not schemas:
        return
    fields = [
        field if all(other.field(field.name).type == field.type for other in schemas)
        else field.with_type(pa.string())
        for field in schemas[0]
    ]  # fmt: skip
    schema = pa.schema(fields)
    for answer in answers():
        yield answer if answer.schema == schema else answer.cast(schema)


def flat(table: pa.RecordBatch) -> pa.RecordBatch:
    """Return it with a column for each probability, `<name>_probability_<value>`: no table nests."""
    columns: dict[str, pa.Array] = {}
    for name, column in zip(table.schema.names, table.columns, strict=True):
        if pa.types.is_struct(column.type):
            base = name.removesuffix("_probabilities")
            for field, chances in zip(column.type, column.flatten(), strict=True):
                columns[f"{base}_probability_{field.name}"] = chances
        else:
            columns[name] = column
    return pa.RecordBatch.from_pydict(columns)


def _key(keys: pa.Array) -> pa.Array:
    plain = keys.dictionary_decode() if isinstance(keys, pa.DictionaryArray) else keys
    return plain.cast(pa.string()) if pa.types.is_null(plain.type) else plain


def _columns(name: str, field: Field, answered: Answered) -> dict[str, pa.Array]:
    values, chances = answered.values, answered.chances
    if field.type is not FieldType.CATEGORY:
        columns = {name: pa.array(values)}
        return columns if chances is None else columns | {f"{name}_probability": pa.array(chances)}
    columns = {name: _labels(field.values).take(pa.array(values))}
    if chances is not None:
        columns[f"{name}_probabilities"] = _struct(field.values, chances)
    return columns


def _labels(values: Sequence[Scalar]) -> pa.Array:
    """Return the values in one type; those of several kinds as text."""
    kinds = set(map(type, values))
    mixed = len(kinds) > 1 and kinds != {int, float}
    return pa.array(list(map(str, values)) if mixed else list(values))


def _struct(values: Sequence[Scalar], chances: NDArray[Any]) -> pa.StructArray:
    arrays = [pa.array(np.ascontiguousarray(chances[:, code])) for code in range(len(values))]
    return pa.StructArray.from_arrays(arrays, names=list(map(str, values)))
