"""Made-up records with a truth that can be learnt: what an algorithm is checked with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minerva.algorithm import TrainingData
from minerva.schema import Decoder, Field, FieldType, Schema

Record = dict[str, Any]
"""Inputs and outputs of one case, as a caller would send them."""

OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "category": {"type": "category", "values": ["low", "middle", "high"]},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
}
ROWS = 200
WORDS = ("quick", "brown", "fox", "lazy dog")
FIRST_MOMENT = np.datetime64("2025-01-01T00:00:00", "s")


def made_up_schema(output: str) -> Schema:
    """Return a schema with the kinds of inputs that most services have, and one output."""
    return Schema.parse(
        {
            "inputs": {
                "amount": {"type": "number", "minimum": 0, "maximum": 100, "nullable": True},
                "ratio": {"type": "number"},
                "count": {"type": "integer", "minimum": 0, "maximum": 20},
                "active": {"type": "boolean", "nullable": True},
                "kind": {"type": "category", "values": ["a", "b", "c"], "nullable": True},
            },
            "output": {"answer": OUTPUTS[output]},
        }
    )


def made_up_records(schema: Schema, rows: int = ROWS, seed: int = 0) -> list[Record]:
    """Return records without a missing value, whose outputs depend on their inputs."""
    random = np.random.default_rng(seed)
    shares = random.random((rows, len(schema.inputs)))
    noise = random.normal(scale=0.02, size=rows)
    score = np.clip(shares.mean(axis=1) + noise, 0, 1)
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable") / max(rows, 1)
    return [
        {
            **{
                name: _value(field, share)
                for (name, field), share in zip(schema.inputs.items(), shares[row], strict=True)
            },
            **{name: _value(field, float(rank[row])) for name, field in schema.output.items()},
        }
        for row in range(rows)
    ]


def _value(field: Field, share: float) -> Any:
    """Return what stands at `share` (0..1) of everything that the field accepts."""
    match field.type:
        case FieldType.CATEGORY:
            return field.values[min(int(share * len(field.values)), len(field.values) - 1)]
        case FieldType.BOOLEAN:
            return bool(share >= 0.5)
        case FieldType.TEXT:
            return WORDS[min(int(share * len(WORDS)), len(WORDS) - 1)]
        case FieldType.TIMESTAMP:
            return f"{FIRST_MOMENT + int(share * 31_536_000)}Z"
        case _:
            return _number(field, share)


def _number(field: Field, share: float) -> float | int:
    low, high = field.minimum, field.maximum
    if low is None:
        low = 0.0 if high is None else min(0.0, high - 10)
    if high is None:
        high = max(10.0, low + 10)
    if field.type is FieldType.INTEGER:
        return min(math.ceil(low) + round(share * (high - low)), math.floor(high))
    return float(low + share * (high - low))


def training_data(schema: Schema, records: Sequence[Record]) -> TrainingData:
    """Return records as an algorithm gets them to learn from."""
    targets = {
        name: _truth(field, [record[name] for record in records])
        for name, field in schema.output.items()
    }
    return TrainingData(Decoder(schema).records(inputs_of(schema, records)), targets)


def inputs_of(schema: Schema, records: Sequence[Record]) -> list[Record]:
    """Return the records without their outputs."""
    return [
        {name: value for name, value in record.items() if name not in schema.output}
        for record in records
    ]


def _truth(field: Field, values: Sequence[Any]) -> Any:
    if field.type is FieldType.CATEGORY:
        return np.array([field.values.index(value) for value in values], dtype=np.int32)
    return np.array(values, dtype=np.float64)


def without(
    records: Sequence[Record], fields: Sequence[str], each: Callable[[int], bool] = lambda _: True
) -> list[Record]:
    """Return the records with these fields missing in every row that `each` names."""
    return [
        {**record, **dict.fromkeys(fields)} if each(row) else record
        for row, record in enumerate(records)
    ]


def with_last_value_unseen(schema: Schema, records: Sequence[Record], part: str) -> list[Record]:
    """Return the records, the last value of every category replaced; `part` is inputs or output."""
    fields: Mapping[str, Field] = getattr(schema, part)
    instead = {
        name: {field.values[-1]: field.values[0]}
        for name, field in fields.items()
        if field.type is FieldType.CATEGORY
    }
    return [
        {name: instead.get(name, {}).get(value, value) for name, value in record.items()}
        for record in records
    ]
