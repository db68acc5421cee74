"""Goldens: stored inputs with their expected outputs. A version that cannot repeat them is not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from minerva.algorithm import Model, Predictions
from minerva.errors import Conflict
from minerva.layers.abstraction.serving.answers import Answers
from minerva.schema import Batch, Decoder, Schema
from minerva.schema.example import example_value

FILE = "goldens.json"
COUNT = 16
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-6
"""float32 arithmetic differs between processors in the last digits, never by this much."""


class _Goldens(msgspec.Struct):
    """What the file holds: as many entries per output as there are records."""

    records: list[dict[str, Any]]
    outputs: dict[str, list[Any]]


def write_goldens(folder: Path, model: Model, batch: Batch) -> int:
    """Store up to 16 records of `batch` and what `model` answers; return how many.

    Personal values (`pii`) are replaced before the model is asked, so that none is stored.
    """
    chosen = batch.take(np.linspace(0, max(len(batch) - 1, 0), min(COUNT, len(batch)), dtype=int))
    records = [_impersonal(record, batch.schema) for record in chosen.to_records()]
    asked = Decoder(batch.schema).records(records)
    outputs = model.predict(asked)
    Answers.of(asked, outputs)  # raises AlgorithmFailed if the model breaks its contract
    plain = {name: np.asarray(column).tolist() for name, column in outputs.items()}
    (folder / FILE).write_bytes(msgspec.json.encode({"records": records, "outputs": plain}))
    return len(records)


def stored_records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a version's goldens; none if they cannot be read any more."""
    try:
        return _read(folder).records
    except (OSError, msgspec.DecodeError):
        return []


def prove(folder: Path, model: Model, decoder: Decoder) -> None:
    """Ask `model` the goldens of `folder`, together and the first one alone.

    Raises Conflict if an answer differs, or the model fails.
    """
    try:
        stored = _read(folder)
    except (OSError, msgspec.DecodeError) as error:
        raise Conflict("The version has no goldens that can be read.") from error
    if not stored.records:  # a flow whose answers depend on others: there is nothing to repeat
        return
    try:
        for count in (len(stored.records), 1):
            asked = decoder.records(stored.records[:count])
            wanted = {name: column[:count] for name, column in stored.outputs.items()}
            _compare(model.predict(asked), wanted)
    except Conflict:
        raise
    except (Exception, SystemExit) as error:
        raise Conflict(f"The model failed on its goldens: {type(error).__name__}.") from error


def _read(folder: Path) -> _Goldens:
    return msgspec.json.decode((folder / FILE).read_bytes(), type=_Goldens)


def _impersonal(record: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Drop the key, fill in fields that a batch does not hold, and replace personal values."""
    return {
        name: record[name] if name in record and not field.pii else example_value(field)
        for name, field in schema.inputs.items()
    }


def _compare(outputs: Predictions, expected: dict[str, list[Any]]) -> None:
    for name, column in expected.items():
        if name not in outputs:
            raise Conflict(f"The model gave no output {name!r} for its goldens.")
        got, wanted = np.asarray(outputs[name]), np.asarray(column)
        if got.shape != wanted.shape or not np.allclose(
            got, wanted, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True
        ):
            raise Conflict(f"The model does not repeat its goldens for output {name!r}.")
