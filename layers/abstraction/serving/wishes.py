"""What a caller wants to be told beside each prediction, whatever the transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minerva.schema import FieldType, Schema

EXPLAIN, CONFIDENCE = NAMES = ("explain", "confidence")
"""What these wishes are called in every protocol."""
EXPLANATION = "explanation"


@dataclass(frozen=True)
class Wishes:
    """Of each wish, where in the request it stands, as a fault tells it; empty: nobody has it."""

    explain: str = ""
    """How much each field contributed, in the output's unit."""
    confidence: str = ""
    """How sure the answer is: a calibrated chance, or an interval."""

    @classmethod
    def read(cls, wanted: Callable[[str], bool], at: str) -> Wishes:
        """Return the wishes of which `wanted` tells, by name, that they are had; they stand at `at`."""
        return cls(**{name: at + name for name in NAMES if wanted(name)})

    def __bool__(self) -> bool:
        """Hold if there is any."""
        return bool(self.explain or self.confidence)

    def __or__(self, others: Wishes) -> Wishes:
        return Wishes(self.explain or others.explain, self.confidence or others.confidence)


NONE = Wishes()


def wished_columns(schema: Schema, wishes: Wishes) -> list[str]:
    """Return how the columns are called that tell it, where there is one for each number.

    They are flat: JSON has an object for an interval and an explanation.
    """
    sure = _sure(schema) if wishes.confidence else []
    why = [f"{EXPLANATION}_{name}" for name in schema.features] if wishes.explain else []
    return sure + why


def interval(name: str) -> tuple[str, str]:
    """Return how the columns of both ends of an output's interval are called."""
    return f"{name}_low", f"{name}_high"


def _sure(schema: Schema) -> list[str]:
    """Return the columns that tell how sure the first output is, which alone has known truths."""
    name, field = schema.target()
    if field.type in {FieldType.CATEGORY, FieldType.BOOLEAN}:
        return [f"{name}_confidence"]
    return list(interval(name))
