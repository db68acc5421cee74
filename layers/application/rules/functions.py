"""The functions of the rules language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minerva.layers.application.rules import columns
from minerva.layers.application.rules.columns import Column
from minerva.layers.application.rules.kinds import Kind


@dataclass(frozen=True)
class Function:
    """What a function takes and gives."""

    usage: str
    takes: Kind
    gives: Kind
    run: Callable[[Sequence[Column]], Column]
    arguments: int
    variadic: bool = False
    """Whether it takes more than `arguments` too."""

    def accepts(self, count: int) -> bool:
        """Whether it takes so many arguments."""
        return count >= self.arguments if self.variadic else count == self.arguments


FUNCTIONS = {
    "min": Function("min(a, b, …)", Kind.NUMBER, Kind.NUMBER, columns.smallest, 2, variadic=True),
    "max": Function("max(a, b, …)", Kind.NUMBER, Kind.NUMBER, columns.greatest, 2, variadic=True),
    "abs": Function("abs(a)", Kind.NUMBER, Kind.NUMBER, lambda a: np.abs(a[0]), 1),
    "round": Function("round(a)", Kind.NUMBER, Kind.NUMBER, lambda a: np.rint(a[0]), 1),
    "lower": Function("lower(text)", Kind.TEXT, Kind.TEXT, lambda a: columns.lower(a[0]), 1),
    "contains": Function(
        "contains(text, part)",
        Kind.TEXT,
        Kind.TRUTH,
        lambda a: columns.per_text(lambda text, part: part in text, *a),
        2,
    ),
    "starts_with": Function(
        "starts_with(text, part)",
        Kind.TEXT,
        Kind.TRUTH,
        lambda a: columns.per_text(str.startswith, *a),
        2,
    ),
}
"""`default(a, b)` is not here: it takes any kind, and the compiler knows it."""
DEFAULT = "default"
DEFAULT_USAGE = "default(a, b)"
