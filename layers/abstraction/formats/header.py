"""The columns of a table: named once each, and as many cells in every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

REPEATED = "stands there more than once"
OTHER_SIGN = "is a delimiter unquoted, or is `delimiter` wrong?"
"""What may be the reason of a row of another width."""


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that stand there more than once, in order."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def ragged(cells: int, columns: int, told_by: str = "the first line names") -> str:
    """Say that a row has not as many cells as there are columns."""
    return f"has {cells} cells where {told_by} {columns} columns"
