"""What came of each row, or of each record, of one run of a step; comparable with that of another run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minerva.layers.abstraction.flows.work import Made
from minerva.layers.abstraction.serving.goldens import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE

Row = Mapping[str, Any]
Unit = Sequence[Row] | None
"""The rows that were made of one row (of a step that gathers: of one record); None: it failed."""
LONGEST = 60


def units_of(made: Made, units: int, folder: Path) -> list[Unit]:
    """Return what came of each unit, plain values. A file in the volume's `folder` is its content."""
    files = _files(folder)
    columns = {
        name: [_plain(value, files) for value in column.tolist()]
        for name, column in made.columns.items()
    }
    count = len(next(iter(columns.values()), ()))
    rows: list[list[Row]] = [[] for _ in range(units)]
    of = range(count) if made.of is None else made.of.tolist()
    for at, unit in enumerate(of):
        rows[unit].append({name: column[at] for name, column in columns.items()})
    return [None if unit in made.failed else rows[unit] for unit in range(units)]


def difference(
    one: Sequence[Unit], other: Sequence[Unit], first: str, second: str, what: str = "row"
) -> str | None:
    """Say where two runs on the same units differ by more than roundings; None: nowhere."""
    if len(one) != len(other):
        return f"there are {len(one)} {what}s {first}, {len(other)} {second}"
    for unit, (left, right) in enumerate(zip(one, other, strict=True)):
        if left is None or right is None:
            if left is not right:
                states = ("failed" if side is None else "worked" for side in (left, right))
                return f"{what} {unit} {next(states)} {first}, and {next(states)} {second}"
            continue
        if len(left) != len(right):
            return f"{what} {unit} became {len(left)} rows {first}, {len(right)} {second}"
        for mine, theirs in zip(left, right, strict=True):
            for name in mine:
                if not _alike(mine[name], theirs.get(name)):
                    return (
                        f"{what} {unit} is {_told(mine[name])} {first}, "
                        f"{_told(theirs.get(name))} {second} (field {name!r})"
                    )
    return None


def _files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        file.name: f"a file of content {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
        for file in folder.iterdir()
    }


def _plain(value: Any, files: Mapping[str, str]) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return files.get(value, value) if isinstance(value, str) else value


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return bool(one == other)
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def _told(value: Any) -> str:
    if value is None:
        return "missing"
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
