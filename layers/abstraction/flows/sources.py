"""Where a step's input comes from: an input of the flow, or a field that another step makes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

NOT = "not "
FLOW = ""
"""The step's name of what the flow itself is asked."""


@dataclass(frozen=True)
class Source:
    """A field of a step, or of the flow."""

    step: str
    field: str

    def __str__(self) -> str:
        return self.field if self.step == FLOW else f"{self.step}.{self.field}"


@dataclass(frozen=True)
class Condition:
    """A yes or no, or its opposite."""

    source: Source
    opposite: bool


def read_source(text: str, steps: Collection[str]) -> Source:
    """Read `FIELD` or `STEP.FIELD`; a name with a dot whose first part is no step is a field."""
    step, dot, field = text.partition(".")
    return Source(step, field) if dot and step in steps else Source(FLOW, text)


def read_condition(text: str, steps: Collection[str]) -> Condition:
    """Read a source, with `not` before it or without."""
    opposite = text.startswith(NOT)
    return Condition(read_source(text.removeprefix(NOT).strip(), steps), opposite)
