"""What is asked and what is answered, whatever the transport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """What is asked: records as JSON objects, or keys to look up; exactly one of both."""

    records: Sequence[Any] | None = None
    keys: Sequence[Any] | None = None
    explain: bool = False


@dataclass(frozen=True)
class Answer:
    """One prediction per record or key, in order. `degraded`: the declared default, not a model."""

    predictions: list[dict[str, Any]]
    service: str
    version: str | None
    degraded: bool
    job_id: str | None
    """The job that made the version, so that one log tells the whole story."""
    versions: list[str] | None = None
    """Per prediction, which version made it; only where a challenger takes part."""
    code: str | None = None
    """Code of the error that a degraded answer stands for."""
