"""Whether the rows of a table that arrives fit a schema, cell by cell: no data frame is needed for it.

The rules are those of `schema.table`, which reads the same rows for a training; beyond them every row
must hold the truth, without which nothing is learnt from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minerva.errors import Fault
from minerva.schema import Field, FieldType, Schema, cell
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.field import NUMERIC
from minerva.schema.table import UNFIT
from minerva.schema.value import listed, out_of_range

CheckCell = Callable[[Any], str | None]
"""Returns what is wrong with a cell of a table, or None."""
ABSENT = "is missing from the data"
REMEMBERED = 1024
"""So many good texts of a column are known again without being read: most columns repeat theirs."""
LONGEST_REMEMBERED = 64


class RowCheck:
    """Checks rows of one schema, given as cells in the order of `names`."""

    def __init__(self, schema: Schema, decimal: str = ".") -> None:
        self._required = [name for name, field in _wanted(schema).items() if field.required]
        self._required += [name for name in schema.output if name not in self._required]
        self.checks: dict[str, CheckCell] = {
            name: _remembering(cell_check(field, decimal, truth=name in schema.output))
            for name, field in _wanted(schema).items()
        }

    def absent(self, names: Iterable[str]) -> list[Fault]:
        """Return a fault for each column that the table lacks."""
        there = set(names)
        return [Fault(f'column "{name}"', ABSENT) for name in self._required if name not in there][
            :MAX_FAULTS
        ]

    def chosen(self, names: Sequence[str]) -> list[tuple[int, str, CheckCell]]:
        """Return position, name and check of the columns that matter."""
        return [
            (position, name, self.checks[name])
            for position, name in enumerate(names)
            if name in self.checks
        ]

    def record_faults(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return name and what is wrong for the members of one record."""
        wrong = ((name, check(record.get(name))) for name, check in self.checks.items())
        return [(name, why) for name, why in wrong if why is not None]


def cell_check(field: Field, decimal: str, *, truth: bool) -> CheckCell:
    """Return the check of one column's cells."""
    read = cell.reader(field, decimal)
    required = truth or field.required
    numeric, category = field.type in NUMERIC, field.type is FieldType.CATEGORY
    unfit = f"is not one of {listed(field)}" if field.values else UNFIT.get(field.type, "")

    def check(value: Any) -> str | None:
        # an empty text may be a declared category
        if cell.is_empty(value) and not (category and read(value) is not None):
            return "is empty, but the field is not nullable" if required else None
        meant = read(value)
        if meant is None:
            return unfit
        return out_of_range(field, meant) if numeric else None

    return check


def _wanted(schema: Schema) -> dict[str, Field]:
    return {name: one for name, one in schema.inputs.items() if one.use} | dict(schema.output)


def _remembering(check: CheckCell) -> CheckCell:
    good: set[str] = set()

    def remembering(value: Any) -> str | None:
        if type(value) is not str or len(value) > LONGEST_REMEMBERED:
            return check(value)
        if value in good:
            return None
        wrong = check(value)
        if wrong is None and len(good) < REMEMBERED:
            good.add(value)
        return wrong

    return remembering
