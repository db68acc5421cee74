"""How far two versions' answers to the same records agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minerva.schema import Schema
from minerva.schema.field import NUMERIC

RELATIVE = 1e-6
"""Numbers that differ by less, relative to the larger one, are the same answer."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts over the rows of one or more calls; `difference` is the mean of |a - b| for numbers."""

    rows: int
    agreed: int
    difference: float | None = None


def agreement(
    schema: Schema, ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]
) -> Agreement:
    """Compare the first output row by row; both are lists of answers in the same order."""
    name, field = schema.target()
    pairs = [(one[name], other.get(name)) for one, other in zip(ours, theirs, strict=True)]
    if field.type not in NUMERIC:
        return Agreement(len(pairs), sum(a == b for a, b in pairs))
    numbers = [(float(a), float(b)) for a, b in pairs if isinstance(b, int | float)]
    agreed = sum(abs(a - b) <= RELATIVE * max(abs(a), abs(b), 1e-12) for a, b in numbers)
    difference = sum(abs(a - b) for a, b in numbers) / len(numbers) if numbers else None
    return Agreement(len(pairs), agreed, difference)
