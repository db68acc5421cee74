"""Whether the rows of a table that arrives fit a schema, cell by cell: no data frame is needed for it.

The rules are those of `schema.table`, which reads the same rows for a training; beyond them every row
must hold the truth, without which nothing is learnt from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
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
        self._required = [name for name, one in _wanted(schema).items() if one.required]
        self._required += [name for name in schema.output if name not in self._required]
        self.checks: dict[str, CheckCell] = {
            name: cell_check(one, decimal, truth=name in schema.output)
            for name, one in _wanted(schema).items()
        }

    def absent(self, names: Iterable[str]) -> list[Fault]:
        """Return a fault for each column that the table lacks."""
        there = set(names)
        return [Fault(f'column "{name}"', ABSENT) for name in self._required if name not in there][
            :MAX_FAULTS
        ]

    def chosen(self, names: Sequence[str]) -> list[ColumnCheck]:
        """Return the checks of those of a table's columns that matter."""
        return [
            ColumnCheck(position, name, self.checks[name])
            for position, name in enumerate(names)
            if name in self.checks
        ]

    def record_faults(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return name and what is wrong for the members of one record."""
        wrong = ((name, check(record.get(name))) for name, check in self.checks.items())
        return [(name, why) for name, why in wrong if why is not None]


def cell_check(of: Field, decimal: str, *, truth: bool) -> CheckCell:
    """Return the check of one column's cells."""
    read = cell.reader(of, decimal)
    required = truth or of.required
    numeric, category = of.type in NUMERIC, of.type is FieldType.CATEGORY
    unfit = f"is not one of {listed(of)}" if of.values else UNFIT.get(of.type, "")

    def check(value: Any) -> str | None:
        # an empty text may be a declared category
        if cell.is_empty(value) and not (category and read(value) is not None):
            return "is empty, but the field is not nullable" if required else None
        meant = read(value)
        if meant is None:
            return unfit
        return out_of_range(of, meant) if numeric else None

    return check


def _wanted(schema: Schema) -> dict[str, Field]:
    return {name: one for name, one in schema.inputs.items() if one.use} | dict(schema.output)


@dataclass
class ColumnCheck:
    """The check of one column of texts, which remembers texts that were good."""

    position: int
    name: str
    check: CheckCell
    _good: set[str] = field(default_factory=set)

    def misfits(self, cells: set[str]) -> dict[str, str]:
        """Return cell → what is wrong with it, of a column's different cells."""
        wrong: dict[str, str] = {}
        for one in cells - self._good:
            why = self.check(one)
            if why is not None:
                wrong[one] = why
            elif len(self._good) < REMEMBERED and len(one) <= LONGEST_REMEMBERED:
                self._good.add(one)
        return wrong


def column_faults(
    rows: Sequence[Sequence[str]], columns: Iterable[ColumnCheck]
) -> list[tuple[int, str, str]]:
    """Return row, counted from 0, name and reason of the first cells that do not fit.

    Looks at columns, not at cells: most texts of a column come again and again.
    """
    found: list[tuple[int, int, str, str]] = []
    for column in columns:
        at = column.position
        wrong = column.misfits({row[at] for row in rows})
        if wrong:
            bad = (
                (n, at, column.name, wrong[row[at]])
                for n, row in enumerate(rows)
                if row[at] in wrong
            )
            found.extend(islice(bad, MAX_FAULTS))
    return [(row, name, why) for row, _, name, why in sorted(found)[:MAX_FAULTS]]
