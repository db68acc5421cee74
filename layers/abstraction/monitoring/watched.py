"""Recorded rows as the columns that a version's profile can be compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from minerva.layers.abstraction.drift.answers import recorded_columns
from minerva.layers.abstraction.drift.comparison import Seen
from minerva.layers.abstraction.drift.profile import Profile
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.schema import Field, FieldType, Schema
from minerva.schema.batch import Column
from minerva.schema.value import seconds


def seen_inputs(
    profile: Profile, schema: Schema, records: Sequence[InferenceRecord]
) -> Iterator[Seen]:
    """Yield what was asked, field by field; a field that no record holds is left out."""
    rows = [msgspec.json.decode(one.features) for one in records if one.features is not None]
    for one in profile.fields:
        field = schema.inputs.get(one.name)
        if field is not None and any(one.name in row for row in rows):
            yield Seen(one, field, column_of(one.name, field, rows))


def seen_outputs(
    profile: Profile, schema: Schema, records: Sequence[InferenceRecord]
) -> Iterator[Seen]:
    """Yield what was answered, output by output."""
    known = {one.name: one for one in profile.outputs}
    rows = [msgspec.json.decode(one.answer) for one in records]
    for name, field, column in recorded_columns(schema, rows):
        if name in known and rows:
            yield Seen(known[name], field, column)


def column_of(name: str, field: Field, rows: Sequence[Mapping[str, Any]]) -> Column:
    """Return a field's recorded values; missing where a row has none."""
    if field.type is FieldType.CATEGORY:
        codes: dict[Any, int] = {value: code for code, value in enumerate(field.values)}
        return np.array([codes.get(row.get(name), -1) for row in rows], dtype=np.int32)
    read: Callable[[Any], float] = seconds if field.type is FieldType.TIMESTAMP else float
    values = (row.get(name) for row in rows)
    return np.array([np.nan if value is None else read(value) for value in values])
