"""Problems of made-up services: a kind, a schema, and rows with their truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from minerva import Algorithm, Schema, TrainingData
from minerva.layers.abstraction.problems.problem import Problem, problem_of
from minerva.layers.abstraction.services.parsing import parse
from minerva.schema import Decoder


class Posed(Algorithm):
    """Solves what its output says, and never learns anything."""

    name = "posed"

    def train(self, data, context):
        raise NotImplementedError

    def load(self, folder, context):
        raise NotImplementedError


def posed(
    output: dict[str, Any],
    inputs: dict[str, Any] | None = None,
    *,
    kind: str = "",
    takes: type[Algorithm.Parameters] = Algorithm.Parameters,
    **declared: Any,
) -> Problem:
    """Return the problem of a service with these outputs; `declared` are other parts of its file."""

    class OfKind(Posed):
        problem = kind
        Parameters = takes

    schema = {
        "inputs": inputs or {"x": {"type": "number"}},
        "output": output,
        **declared.pop("schema", {}),
    }
    declaration = parse({"service": "posed", "algorithm": "posed", "schema": schema, **declared})
    return problem_of(OfKind(), declaration)


def rows_of(schema: Schema, truth: dict[str, Any], **inputs: Any) -> TrainingData:
    """Return rows; each input is a list of what a caller would send, 0 for those that are not given."""
    count = len(next(iter(truth.values())))
    given = {name: inputs.get(name, [0] * count) for name in schema.inputs}
    records = [{name: values[row] for name, values in given.items()} for row in range(count)]
    targets = {name: np.asarray(values) for name, values in truth.items()}
    return TrainingData(Decoder(schema).records(records), targets)
