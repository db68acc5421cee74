"""From an Answer to output tensors: one for each output, and one for its probabilities.

category → BYTES `name` (n) and FP64 `name_probabilities` (n, values); boolean → BOOL and FP64
`name_probability` (n); integer → INT64; number → FP64. The key comes first, as INT64 where all keys
are integers, else as BYTES.

Who asks for it gets FP64 `explanation` (n, features), and FP64 (n) `name_confidence` of a class, or
`name_low` and `name_high` of a number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.serving.answers import Answered, Answers
from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.abstraction.serving.wishes import (
    EXPLAIN,
    EXPLANATION,
    NAMES,
    Wishes,
    interval,
    wished_columns,
)
from minerva.layers.core.protocols.oip.datatypes import BYTES, NUMERIC, to_bytes
from minerva.schema import Field, FieldType, Schema

LARGEST_INT64 = 2**63 - 1
DATATYPES = {
    FieldType.INTEGER: "INT64",
    FieldType.NUMBER: "FP64",
    FieldType.BOOLEAN: "BOOL",
    FieldType.CATEGORY: BYTES,
    FieldType.TEXT: BYTES,
    FieldType.TIMESTAMP: BYTES,
}
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Output:
    """An output tensor."""

    name: str
    datatype: str
    shape: Shape
    values: NDArray[Any] | Sequence[str]
    """Row-major; texts are flat."""

    def to_json(self) -> list[Any]:
        """Return the data as a flat JSON array."""
        if isinstance(self.values, np.ndarray):
            return list(self.values.ravel().tolist())
        return list(self.values)

    def to_bytes(self) -> bytes:
        """Return the data as binary data."""
        if isinstance(self.values, np.ndarray):
            dtype = NUMERIC[self.datatype].dtype
            return self.values.astype(dtype, copy=False).tobytes()
        return to_bytes(self.values)


def described(schema: Schema) -> dict[str, tuple[str, Shape]]:
    """Return output tensor → datatype and shape, -1 for the rows; what metadata tells of them."""
    told: dict[str, tuple[str, Shape]] = {}
    if schema.key is not None:
        told[schema.key] = (BYTES, (-1,))
    for name, field in schema.output.items():
        told[name] = (DATATYPES[field.type], (-1,))
        if field.type is FieldType.CATEGORY:
            told[f"{name}_probabilities"] = ("FP64", (-1, len(field.values)))
        elif field.type is FieldType.BOOLEAN:
            told[f"{name}_probability"] = ("FP64", (-1,))
    return told


def wished(schema: Schema) -> dict[str, str]:
    """Return output tensor → wish, of all that come only where their wish is had or they are named."""
    told = {EXPLANATION: EXPLAIN}
    for wish in NAMES:
        told |= dict.fromkeys(wished_columns(schema, Wishes(**{wish: wish})), wish)
    return told


def added(schema: Schema, wishes: Wishes) -> list[str]:
    """Return the output tensors that come with wishes, whatever outputs are named."""
    sure = wished_columns(schema, Wishes(confidence=wishes.confidence))
    return sure + ([EXPLANATION] if wishes.explain else [])


def outputs_of(answer: Answer, schema: Schema, names: Collection[str] = ()) -> Iterator[Output]:
    """Give the tensors that an answer has, whatever was asked for; `schema` is the service's.

    What one field contributed is among them if `names` hold it. An answer that has only rows (a default,
    or versions that differ in form) has no probabilities, nor what is wished.
    """
    content = answer.content
    if isinstance(content, Answers):
        yield from _in_columns(content, names)
        return
    if schema.key is not None:
        yield from _keys(schema.key, [row.get(schema.key) for row in content])
    for name, field in schema.output.items():
        values = [row.get(name) for row in content]
        if None not in values:
            yield _of_values(name, field, values)


def _in_columns(answers: Answers, wanted: Collection[str]) -> Iterator[Output]:
    schema = answers.schema
    if schema.key is not None and answers.keys is not None:
        yield from _keys(schema.key, answers.keys)
    for name, field in schema.output.items():
        yield from _of_output(name, field, answers.outputs[name])
    for name, sure in (answers.confidences or {}).items():
        names = [f"{name}_confidence"] if sure.ndim == 1 else interval(name)
        yield from _columns(names, sure)
    if answers.contributions is not None:
        why = np.asarray(answers.contributions)
        yield Output(EXPLANATION, "FP64", why.shape, why)
        each = _columns([f"{EXPLANATION}_{name}" for name in schema.features], why)
        yield from (one for one in each if one.name in wanted)


def _of_output(name: str, field: Field, answered: Answered) -> Iterator[Output]:
    values, chances = answered.values, answered.chances
    shape = values.shape
    if field.type is FieldType.CATEGORY:
        labels = [str(value) for value in field.values]
        yield Output(name, BYTES, shape, [labels[code] for code in values.tolist()])
    else:
        yield Output(name, DATATYPES[field.type], shape, values)
    if chances is not None:
        many = "probabilities" if field.type is FieldType.CATEGORY else "probability"
        yield Output(f"{name}_{many}", "FP64", chances.shape, chances)


def _columns(names: Sequence[str], told: NDArray[Any]) -> Iterator[Output]:
    """Give a tensor for each column, of shape (n,)."""
    for name, column in zip(names, told.reshape(len(told), -1).T, strict=True):
        yield Output(name, "FP64", column.shape, column)


def _of_values(name: str, field: Field, values: Sequence[Any]) -> Output:
    datatype, shape = DATATYPES[field.type], (len(values),)
    if datatype == BYTES:
        return Output(name, BYTES, shape, [str(value) for value in values])
    return Output(name, datatype, shape, np.array(values, NUMERIC[datatype].dtype))


def _keys(name: str, keys: Sequence[Any]) -> Iterator[Output]:
    """Give the keys, if the caller sent any."""
    shape = (len(keys),)
    if all(type(key) is int and abs(key) <= LARGEST_INT64 for key in keys):
        yield Output(name, "INT64", shape, np.array(keys, np.int64))
    elif any(key is not None for key in keys):
        yield Output(name, BYTES, shape, ["" if key is None else str(key) for key in keys])


def chosen(outputs: Iterator[Output], names: Mapping[str, Any] | None) -> list[Output]:
    """Return the outputs that are asked for, in the order of `names`; None: all of them."""
    if names is None:
        return list(outputs)
    found = {output.name: output for output in outputs}
    return [found[name] for name in names if name in found]
