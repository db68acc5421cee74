"""One recorded prediction: what was asked, by which version it was answered, and later the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from minerva.layers.abstraction.drift.profile import watchable
from minerva.schema import Batch, Field, Schema

REPLACED = "?"
LONGEST_KEY = 256
"""Characters of a key; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class InferenceRecord:
    """One row of one call. What is personal, and texts, are left out before it is made."""

    tenant: str
    service: str
    request_id: str
    row: int
    """Its place in the call, from 0."""
    version: int | None
    """None: there was no version yet, and the default was answered."""
    key: str | None
    at: datetime
    """When it was answered."""
    ms: float
    """How long the call took."""
    degraded: bool
    shadow: bool
    """The answer of a version that is asked but not answered from."""
    features: str | None
    """JSON object: field → value. None: the records could not be looked up."""
    answer: str
    """JSON object, as the caller got it, without key and explanation."""
    truth: str | None = None
    """JSON value of the first output, as it turned out; of a bandit, of the reward, or an object."""
    truth_at: datetime | None = None
    """When that was known."""


def key_text(key: Any) -> str:
    """Return a key as it is kept and looked for: what no database can keep is replaced."""
    text = str(key)[:LONGEST_KEY].replace("\x00", REPLACED)
    return text.encode("utf-8", "replace").decode()


def kept_features(batch: Batch, declared: Schema) -> list[str]:
    """Return each record as JSON, without texts and what is personal: the fields that drift watches.

    Personal is what the version's schema says is so, and what the declared one says by now.
    """
    inputs = batch.schema.inputs
    columns = {
        name: column
        for name, column in batch.columns.items()
        if watchable(inputs[name]) and not _personal(declared.inputs.get(name))
    }
    return [_json(record) for record in Batch(batch.schema, columns, len(batch)).to_records()]


def kept_answers(schema: Schema, declared: Schema, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each answer as JSON, without key, explanation and what is personal in either schema."""
    outputs = [
        name
        for name, field in schema.output.items()
        if not field.pii and not _personal(declared.output.get(name))
    ]
    kept = {
        member
        for name in outputs
        for member in (name, f"{name}_probability", f"{name}_probabilities")
    }
    return [_json({name: one for name, one in row.items() if name in kept}) for row in rows]


def _personal(field: Field | None) -> bool:
    return field is not None and field.pii


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
