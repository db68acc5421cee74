"""Whether the rows of a table that arrives fit a schema, cell by cell: no data frame is needed for it.

The rules are those of `schema.table`, which reads the same rows for a training; beyond them every row
must hold the truth, where the kind of problem needs it.
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


@dataclass(frozen=True)
class Wanted:
    """What a table must hold to be learnt from."""

    schema: Schema
    truth: tuple[str, ...]
    """The outputs that the data holds."""
    labelled: bool = True
    """Whether every row must hold the truth; else its columns may be empty, or be left out."""
    held_out_by: str | None = None
    """The input that rows are held out by; it need not be used by the model."""

    def fields(self) -> dict[str, Field]:
        """Return column → what its cells are."""
        inputs = {
            name: one
            for name, one in self.schema.inputs.items()
            if one.use or name == self.held_out_by
        }
        return inputs | {name: self.schema.output[name] for name in self.truth}

    def required(self, name: str) -> bool:
        """Tell whether every row must have a value in a column."""
        if name in self.schema.output:
            return self.labelled
        return self.schema.inputs[name].required or name == self.held_out_by


class RowCheck:
    """Checks rows, given as cells in the order of `names`."""

    def __init__(self, wanted: Wanted, decimal: str = ".") -> None:
        fields = wanted.fields()
        self._required = [name for name in fields if wanted.required(name)]
        self.checks: dict[str, CheckCell] = {
            name: cell_check(one, decimal, required=wanted.required(name))
            for name, one in fields.items()
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


def cell_check(of: Field, decimal: str, *, required: bool) -> CheckCell:
    """Return the check of one column's cells."""
    read = cell.reader(of, decimal)
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
