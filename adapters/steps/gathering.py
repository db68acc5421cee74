"""Rows that a collector finds one by one, as the columns that it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Items
from minerva.layers.abstraction.flows.answering import column_of_values
from minerva.schema.batch import Column
from minerva.step import Fields


class Gathering:
    """Grows row by row."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._rows: list[Sequence[Any]] = []
        self._of: list[int] = []

    def add(self, of: int, row: Sequence[Any]) -> None:
        """Add a row that belongs to row `of` of what was asked; values in the order of the names."""
        self._of.append(of)
        self._rows.append(row)

    def columns(self, fields: Fields) -> dict[str, Column]:
        """Return the values, which fit the fields, as columns of shape (m,)."""
        return {
            name: column_of_values([row[at] for row in self._rows], fields[name])
            for at, name in enumerate(self._names)
        }

    def of(self) -> NDArray[np.intp]:
        """Return which row each belongs to, shape (m,)."""
        return np.array(self._of, dtype=np.intp)


def texts(items: Items, name: str) -> list[Any]:
    """Return what records ask for, by a text or a category; None where that is missing."""
    column = items[name]
    return list(column) if column.dtype == object else items.labels(name)
