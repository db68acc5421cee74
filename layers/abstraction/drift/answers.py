"""A model's answers as columns that can be profiled and compared: labels, numbers and probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minerva.layers.abstraction.drift.profile import FieldProfile, field_profile
from minerva.layers.abstraction.serving.answers import Answered, Answers
from minerva.schema import Field, FieldType, Schema
from minerva.schema.batch import Column

NUMBER = Field(type=FieldType.NUMBER)
TWO = 2

NamedColumn = tuple[str, Field, Column]
"""What it is called, how its values are to be read, and the values."""


def output_profiles(answers: Answers) -> tuple[FieldProfile, ...]:
    """Return how answers were spread; personal outputs have no profile."""
    columns = _columns(answers.schema, answers.outputs)
    return tuple(field_profile(*one, computed=True) for one in columns)


def output_fields(schema: Schema) -> dict[str, Field]:
    """Return what may be told of a schema's answers: each output, and the probability that tells."""
    fields: dict[str, Field] = {}
    for name, field in schema.output.items():
        if not field.pii:
            fields[name] = field
            if (chance := _chance_name(name, field)) is not None:
                fields[chance] = NUMBER
    return fields


def recorded_columns(schema: Schema, rows: Sequence[Mapping[str, Any]]) -> Iterator[NamedColumn]:
    """Yield the columns that recorded answers hold, as callers got them; missing where one does not."""
    for name, field in schema.output.items():
        if field.pii:
            continue
        yield name, field, _values(field, [row.get(name) for row in rows])
        chance = _chance_name(name, field)
        if chance is not None:
            yield chance, NUMBER, np.array([_chance(name, field, row) for row in rows], float)


def _columns(schema: Schema, outputs: Mapping[str, Answered]) -> Iterator[NamedColumn]:
    for name, field in schema.output.items():
        answered = outputs[name]
        if field.pii:
            continue
        if field.type is FieldType.CATEGORY:
            yield name, field, answered.values.astype(np.int32)
        else:
            yield name, field, answered.values.astype(np.float64)
        chance, chances = _chance_name(name, field), answered.chances
        if chance is not None and chances is not None:
            yield chance, NUMBER, chances if chances.ndim == 1 else chances[:, -1]


def _chance_name(name: str, field: Field) -> str | None:
    """Return what the one probability that tells all is called; None where there are more, or none."""
    if field.type is FieldType.BOOLEAN:
        return f"{name}_probability"
    if field.type is FieldType.CATEGORY and len(field.values) == TWO:
        return f"{name}_probabilities.{field.values[-1]}"
    return None


def _chance(name: str, field: Field, row: Mapping[str, Any]) -> float:
    if field.type is FieldType.BOOLEAN:
        return float(row.get(f"{name}_probability", np.nan))
    return float(row.get(f"{name}_probabilities", {}).get(str(field.values[-1]), np.nan))


def _values(field: Field, values: Sequence[Any]) -> Column:
    if field.type is FieldType.CATEGORY:
        codes = {value: code for code, value in enumerate(field.values)}
        return np.array([codes.get(value, -1) for value in values], np.int32)
    return np.array([np.nan if value is None else float(value) for value in values])
