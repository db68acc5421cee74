"""How answers in use are judged: what a truth that comes later holds, and which rows are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minerva.schema import Field, Schema


@dataclass(frozen=True)
class Live:
    """What a kind of problem makes of recorded answers and their truths."""

    truth: Mapping[str, Field]
    """What a truth may hold; empty: there is none.

    The first must be there, and is what a bare value means.
    """
    outputs: tuple[str, ...]
    """The answers that are looked at."""
    group: str | None = None
    """The role whose input says which rows stand together; where it is not recorded, those of one call."""
    inputs: bool = False
    """Whether all inputs are looked at, too; then rows count that have no truth."""
    taken: bool = False
    """Whether what was answered in the same call and is not told of counts as not taken."""
    apart: str = ""
    """Why live metrics cannot be held beside those of the training; empty: they can."""
    lacking: str = "The truths do not differ: tell also of what turned out otherwise."
    """What to do where truths give no metric."""

    @property
    def features(self) -> bool:
        """Whether recorded inputs are needed."""
        return self.inputs or self.group is not None


def first_output(schema: Schema) -> Live:
    """Return that the first output's truth is told, and nothing else is looked at."""
    name, field = schema.target()
    return Live(truth={name: field}, outputs=(name,))
