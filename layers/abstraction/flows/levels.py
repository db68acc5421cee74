"""Levels: whether a step works on records, or on the rows that spreading steps made of them.

A level is the spreading steps that led to it: () are the records, ("photos",) the rows of step photos.
"""

from __future__ import annotations

from collections.abc import Mapping

from minerva.errors import Fault, InvalidConfiguration
from minerva.step import Shape

Level = tuple[str, ...]
RECORDS: Level = ()


def above(level: Level, other: Level) -> bool:
    """Tell whether a level is another one, or one that it was made from."""
    return other[: len(level)] == level


def place(
    shape: Shape, base: Level, inputs: Mapping[str, Level], name: str
) -> tuple[Level, Level, Level]:
    """Return the levels of what a step is given, of where it runs, and of what it makes.

    Raises InvalidConfiguration for inputs that do not belong together.
    """
    if shape == "gather":
        deepest = max(inputs.values(), key=len, default=base)
        deepest = deepest if len(deepest) > len(base) else base
        _demand(inputs, deepest, "belongs to other rows than the rest of its inputs")
        if not above(base, deepest):
            raise InvalidConfiguration(
                "It gathers other rows than `each` names.", faults=[Fault("/each", "does not fit")]
            )
        return deepest, base, base
    _demand(inputs, base, "has several rows for each of its own: say `each`, or gather them before")
    return base, base, ((*base, name) if shape == "spread" else base)


def _demand(inputs: Mapping[str, Level], level: Level, message: str) -> None:
    faults = [
        Fault(f"/inputs/{name}", message)
        for name, theirs in inputs.items()
        if not above(theirs, level)
    ]
    if faults:
        raise InvalidConfiguration("The inputs do not belong together.", faults=faults)
