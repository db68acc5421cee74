"""What is asked and what is answered, whatever the transport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minerva.schema.columns import Columns, Where, rows_of


@dataclass(frozen=True)
class Question:
    """What is asked: records as JSON objects, keys to look up, or columns; exactly one of them."""

    records: Sequence[Any] | None = None
    keys: Sequence[Any] | None = None
    explain: bool = False
    columns: Columns | None = None
    where: Where | None = None
    """Where the values of `columns` stand in what was sent."""

    def __len__(self) -> int:
        """How many predictions are asked for."""
        if self.columns is not None:
            return rows_of(self.columns)
        return len(self.records or self.keys or ())

    def __bool__(self) -> bool:
        """Hold, however many predictions are asked for."""
        return True


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
