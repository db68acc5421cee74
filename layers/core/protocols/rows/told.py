"""The port of what writes answers to rows, and what is told at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.protocols.rows.judging import Judged

Prediction = tuple[dict[str, Any], str | None]
"""A prediction as JSON shows it, and the version that made it."""


@dataclass
class Tally:
    """What became of all rows of a call."""

    rows: int = 0
    rejected: int = 0
    degraded: int = 0
    versions: set[str] = field(default_factory=set)

    def add(self, judged: Judged, answer: Answer | None) -> None:
        """Count some more."""
        self.rows += len(judged.rows)
        self.rejected += len(judged.wrong)
        if answer is not None:
            self.degraded += len(answer) if answer.degraded else 0
            self.versions.update(filter(None, _versions(answer)))


class Writer(Protocol):
    """Writes the answer to one call, piece by piece."""

    def begin(self) -> bytes:
        """Return what stands before the first row."""

    def some(self, judged: Judged, answer: Answer | None) -> bytes:
        """Return the answers to some rows, in their order."""

    def end(self, tally: Tally, problem: Mapping[str, Any] | None = None) -> bytes:
        """Return what stands at the end; `problem` is why it comes too early."""


def in_order(judged: Judged, answer: Answer | None) -> Iterator[tuple[int, Prediction | None]]:
    """Yield each row's number with its prediction; None where it did not fit."""
    predictions = iter(
        () if answer is None else zip(answer.predictions, _versions(answer), strict=True)
    )
    for row in judged.rows:
        yield row.number, None if row.number in judged.wrong else next(predictions)


def _versions(answer: Answer) -> list[str] | list[str | None]:
    """Return, per prediction, which version made it."""
    return answer.versions or [answer.version] * len(answer)
