"""Asking for predictions, and answering in the sidecar's place where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minerva.client.answers import Away, Document
from minerva.errors import AlgorithmFailed, DeadlineExceeded, MinervaError, Unavailable

FAILURES = (Unavailable, DeadlineExceeded, AlgorithmFailed)
"""What a caller did not bring about; the rest is for the caller to mend, and is never hidden."""

Records = Sequence[Mapping[str, Any]]
Keys = Sequence[str | int]


def question(
    records: Records | None, keys: Keys | None, *, explain: bool, confidence: bool = False
) -> Document:
    """Return the body of a predict call."""
    asked: Document = {}
    if records is not None:
        asked["records"] = list(records)
    if keys is not None:
        asked["keys"] = list(keys)
    if explain:
        asked["explain"] = True
    if confidence:
        asked["confidence"] = True
    return asked


def degraded(
    asked: Document, default: Mapping[str, Any], key: str | None, error: MinervaError
) -> Document:
    """Return the default for each record or key that was asked for, with its own key if `key` names it."""
    own = (
        [{key: value} for value in asked.get("keys", ())]
        if key
        else [{}] * len(asked.get("keys", ()))
    )
    for record in asked.get("records", ()):
        own.append({key: record[key]} if key is not None and key in record else {})
    return {
        "predictions": [found | dict(default) for found in own],
        "version": None,
        "degraded": True,
        "reason": str(error.reason) if isinstance(error, Away) else error.code,
    }
