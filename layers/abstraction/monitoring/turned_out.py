"""Recorded answers and how they turned out, as a kind of problem looks at rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.watched import column_of
from minerva.layers.abstraction.problems.kind import Rows
from minerva.layers.abstraction.problems.live import Live
from minerva.layers.abstraction.problems.solved import Solved, looked_at
from minerva.schema import Batch, Field, FieldType

UNTOLD = float("nan")
UNREADABLE = (KeyError, TypeError, ValueError)
"""What recorded values under another schema raise."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class TurnedOut:
    """One record, read."""

    request_id: str
    told: bool
    truth: Mapping[str, float]
    answer: Mapping[str, float]
    chances: Any
    """The first output's probabilities, None where the answer has none."""
    features: Values


def read(solved: Solved, records: Sequence[InferenceRecord]) -> list[TurnedOut]:
    """Return the records that fit the version's schema, in order."""
    live = solved.live
    codes = {name: _codes(solved.schema.output[name]) for name in live.outputs}
    return [one for record in records if (one := _read(solved, live, codes, record)) is not None]


def _read(
    solved: Solved, live: Live, codes: Mapping[str, Mapping[str, int]], record: InferenceRecord
) -> TurnedOut | None:
    said = msgspec.json.decode(record.answer)
    told = None if record.truth is None else msgspec.json.decode(record.truth)
    features = {} if record.features is None else msgspec.json.decode(record.features)
    output, first = solved.schema.output, live.outputs[0]
    try:
        answer = {name: _number(output[name], codes[name], name, said) for name in live.outputs}
        taken = {} if record.shadow else answer  # what a shadow says is not what was done
        truth = dict(_truth(live, codes, told, taken)) if live.truth else {}
    except UNREADABLE:
        return None
    chances = said.get(f"{first}_probabilities")
    if chances is not None and output[first].type is FieldType.CATEGORY:
        chances = [chances.get(label, UNTOLD) for label in codes[first]]
    else:
        chances = None
    if record.truth is None:
        missing = 0.0 if live.taken else UNTOLD
        truth = dict.fromkeys(live.truth, missing)
    return TurnedOut(record.request_id, told is not None, truth, answer, chances, features)


def _truth(
    live: Live, codes: Mapping[str, Mapping[str, int]], told: Any, answer: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Yield what was told; of an output that was not, what was answered. Raises KeyError without either."""
    if told is None:
        return
    values = told if isinstance(told, Mapping) else {next(iter(live.truth)): told}
    for position, (name, field) in enumerate(live.truth.items()):
        value = values[name] if position == 0 else values.get(name)
        if value is None:
            yield name, answer[name] if name in codes else UNTOLD
        elif field.type is FieldType.CATEGORY:
            yield name, float(codes[name][str(value)])
        else:
            yield name, float(value)


def _number(field: Field, codes: Mapping[str, int], name: str, said: Values) -> float:
    """Return an answer as a number: a category's code, a boolean's probability."""
    if field.type is FieldType.CATEGORY:
        return float(codes[str(said[name])])
    if field.type is FieldType.BOOLEAN:
        return float(said.get(f"{name}_probability", said[name]))
    return float(said[name])


def _codes(field: Field) -> dict[str, int]:
    return {str(value): code for code, value in enumerate(field.values)}


def rows_of(solved: Solved, found: Sequence[TurnedOut]) -> tuple[Rows, Predictions]:
    """Return rows with their truth, and the answers to them, as `Kind.evaluate` takes them."""
    live = solved.live
    truth = {name: np.array([one.truth[name] for one in found], np.float64) for name in live.truth}
    answers: dict[str, NDArray[Any]] = {
        name: np.array([one.answer[name] for one in found], np.float64) for name in live.outputs
    }
    if found and all(one.chances is not None for one in found):
        answers[live.outputs[0]] = np.array([one.chances for one in found], np.float64)
    roles = dict(solved.roles)
    columns: dict[str, NDArray[Any]] = {}
    if live.inputs:
        columns = {
            name: column_of(name, solved.schema.inputs[name], [one.features for one in found])
            for name in looked_at(solved.schema)
        }
    if live.group is not None:
        name = roles.setdefault(live.group, live.group)
        columns[name] = np.array([_group(name, one) for one in found], dtype=object)
    data = TrainingData(Batch(solved.schema, columns, len(found)), truth)
    return Rows(data, roles), answers


def seen(solved: Solved, one: TurnedOut) -> bool:
    """Tell whether all inputs of a record that metrics look at were recorded."""
    return all(name in one.features for name in looked_at(solved.schema))


def _group(name: str, one: TurnedOut) -> str:
    """Return what a row stands together with: its group, or its call where that is not recorded."""
    value = one.features.get(name)
    return f"call {one.request_id}" if value is None else f"group {value}"
