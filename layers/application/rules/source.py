"""The text of one expression, and errors that point into it."""

from __future__ import annotations

from dataclasses import dataclass

from minerva import InvalidConfiguration
from minerva.errors import Fault

MAX_CHARACTERS = 10_000
MAX_DEPTH = 100
"""Operators, parentheses and calls inside one another; keeps every walk far from Python's own limit."""
SHOWN = 36
"""Characters shown on each side of an error."""


@dataclass(frozen=True)
class Source:
    """What the user wrote."""

    text: str

    def error(self, position: int, message: str) -> InvalidConfiguration:
        """Return the error that `message` is wrong at `position`, with the place and a caret."""
        start = self.text.rfind("\n", 0, position) + 1
        column = position - start + 1
        where = f"column {column}"
        if "\n" in self.text.strip():
            line = self.text.count("\n", 0, position) + 1
            where = f"line {line}, {where}"
        return InvalidConfiguration(
            f"The expression is wrong at {where}: {message.removesuffix('?')}.",
            faults=[Fault(where, f"{message}\n{self._pointed(start, position)}")],
        )

    def _pointed(self, start: int, position: int) -> str:
        end = self.text.find("\n", position)
        line = self.text[start : end if end >= 0 else len(self.text)]
        at = position - start
        left = max(0, at - SHOWN)
        shown = "".join(c if c.isprintable() else " " for c in line[left : at + SHOWN])
        dots = "…" if left else ""
        more = "…" if at + SHOWN < len(line) else ""
        return f"    {dots}{shown}{more}\n    {' ' * (len(dots) + at - left)}^"
