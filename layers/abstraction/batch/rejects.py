"""How many rows may be rejected before a job fails."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from minerva.errors import Fault as Reason
from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.chunk import Fault

HEADER = "file,row,field,reason\n"


def allowed(ceiling: int | str | None, rows: int) -> int | None:
    """Return how many of `rows` may be rejected; None: any number."""
    if ceiling is None or isinstance(ceiling, int):
        return ceiling
    return int(rows * float(ceiling.removesuffix("%")) / 100)


def refuse_many(
    rejects: int, rows: int, ceiling: int | str | None, first: Sequence[Reason]
) -> None:
    """Raise InvalidData if more rows were rejected than may be, or all of them."""
    most = allowed(ceiling, rows)
    if most is not None and rejects > most:
        raise InvalidData(
            f"{rejects:,} of {rows:,} rows do not fit the schema: max_rejects allows {ceiling}.",
            faults=first,
        )
    if rows and rejects == rows:
        raise InvalidData(f"None of the {rows:,} rows fits the schema.", faults=first)


def rejected(file: str, faults: Sequence[Fault]) -> str:
    """Return lines of a rejects file, one for each fault."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows((file, fault.row, fault.field, fault.message) for fault in faults)
    return text.getvalue()
