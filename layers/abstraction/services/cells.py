"""A database's typed rows as the text cells that a schema is guessed from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def in_cells(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield frames of str cells: what is missing is empty, moments are ISO 8601, booleans true or false."""
    import pandas as pd

    for frame in frames:
        columns = {str(name): _cells(frame[name]) for name in frame.columns}
        yield pd.DataFrame(columns, dtype=str)


def _cells(column: pd.Series[Any]) -> list[str]:
    missing = column.isna()
    return ["" if gap else _cell(one) for one, gap in zip(column, missing, strict=True)]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
