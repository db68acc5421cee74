"""A profile of a table: it is read in pieces, and what is kept of it does not grow with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.profiling.values import CategoryValues, NumberValues, TextValues
from minerva.schema import Field, FieldType, Schema
from minerva.schema.table import judged

if TYPE_CHECKING:
    import pandas as pd

MOST_FIELDS = 500
MOST_REASONS = 100

Values = NumberValues | CategoryValues | TextValues


@dataclass
class Profile:
    """What was seen of a table so far."""

    schema: Schema
    decimal: str = "."
    rows: int = 0
    unfit_rows: int = 0
    _fields: dict[str, FieldProfile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fields = {**self.schema.inputs, **self.schema.output}
        for name, one in list(fields.items())[:MOST_FIELDS]:
            self._fields[name] = FieldProfile(name, one, truth=name in self.schema.output)

    def add(self, frame: pd.DataFrame) -> None:
        """Look at the next rows."""
        unfit = np.zeros(len(frame), dtype=bool)
        for name, one in self._fields.items():
            series = frame[name] if name in frame.columns else None
            unfit |= one.add(series, len(frame), self.rows + 1, self.decimal)
        self.rows += len(frame)
        self.unfit_rows += int(unfit.sum())

    def report(self) -> dict[str, Any]:
        """Return what a job's result tells."""
        left_out = len(self.schema.inputs) + len(self.schema.output) - len(self._fields)
        unfit = [reason for one in self._fields.values() for reason in one.reasons()]
        unfit.sort(key=lambda reason: -reason["rows"])
        return {
            "rows": self.rows,
            "unfit_rows": self.unfit_rows,
            "unfit": unfit[:MOST_REASONS],
            "fields": [one.report() for one in self._fields.values()],
            **({"fields_left_out": left_out} if left_out else {}),
        }


class FieldProfile:
    """One field of a profile."""

    def __init__(self, name: str, declared: Field, *, truth: bool) -> None:
        self._name, self._field, self._truth = name, declared, truth
        self._values: Values | None = None if declared.pii else _values(declared)
        self._missing = 0
        self._there = False
        self._unfit: dict[str, list[int]] = {}
        """Reason → rows, and the first of them."""

    def add(
        self, series: pd.Series[Any] | None, rows: int, first_row: int, decimal: str
    ) -> NDArray[np.bool_]:
        """Look at a piece of the column; return which of its rows do not fit."""
        if series is None:
            self._missing += rows
            return self._note("is missing from the data", np.full(rows, self._needed), first_row)
        self._there = True
        seen = judged(series, self._field, decimal)
        self._missing += int(seen.missing.sum())
        unfit = np.zeros(rows, dtype=bool)
        for reason, where in seen.unfit.items():
            unfit |= self._note(reason, where, first_row)
        if self._needed:
            reason = "is empty, but the field is not nullable"
            unfit |= self._note(reason, seen.missing, first_row)
        if self._values is not None:
            self._take(seen.column[~seen.missing & ~unfit])
        return unfit

    def reasons(self) -> Iterator[dict[str, Any]]:
        """Yield why rows do not fit, how many, and which is the first."""
        for reason, (rows, first) in self._unfit.items():
            yield {"column": self._name, "reason": reason, "rows": rows, "first_row": first}

    def report(self) -> dict[str, Any]:
        """Return what is known of the field."""
        told: dict[str, Any] = {"name": self._name, "type": self._field.type.value}
        told |= {"pii": True} if self._field.pii else {}
        told |= {} if self._there else {"absent": True}
        told["missing"] = self._missing
        return told | (self._values.report() if self._values is not None else {})

    @property
    def _needed(self) -> bool:
        return self._truth or self._field.required

    def _note(self, reason: str, where: NDArray[np.bool_], first_row: int) -> NDArray[np.bool_]:
        if where.any():
            first = first_row + int(np.argmax(where))
            count = self._unfit.setdefault(reason, [0, first])
            count[0] += int(where.sum())
        return where

    def _take(self, column: NDArray[Any]) -> None:
        if isinstance(self._values, NumberValues | TextValues):
            self._values.add(column)
        elif self._values is not None:
            values, counts = np.unique(column, return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                meant = (
                    bool(value)
                    if self._field.type is FieldType.BOOLEAN
                    else self._field.values[int(value)]
                )
                self._values.count(meant, count)


def _values(declared: Field) -> Values:
    match declared.type:
        case FieldType.CATEGORY | FieldType.BOOLEAN:
            return CategoryValues()
        case FieldType.TEXT:
            return TextValues()
        case _:
            return NumberValues(moments=declared.type is FieldType.TIMESTAMP)
