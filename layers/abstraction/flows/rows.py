"""What steps have made of the records of one run, level by level."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.flows.levels import RECORDS, Level
from minerva.layers.abstraction.flows.sources import FLOW, Source
from minerva.schema import Batch
from minerva.schema.batch import Column
from minerva.step import Columns

Places = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """What one step made."""

    columns: Columns
    """Field → shape (n,), n the rows of the step's level."""
    there: Mask
    """Which rows it made; others were left out, or failed; shape (n,)."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """The rows of one level."""

    of: Places
    """Which row of the level above each belongs to, never decreasing; shape (n,)."""
    names: Column | None = None
    """What rows are called in messages."""

    def __len__(self) -> int:
        return len(self.of)


@dataclass(eq=False)
class State:
    """One run: grows as steps end; safe for several threads, as each step writes its own."""

    batch: Batch
    strata: dict[Level, Stratum] = field(default_factory=dict)
    made: dict[str, Rows] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Begin with the records."""
        self.strata[RECORDS] = Stratum(np.arange(len(self.batch)))

    def settle(self, step: str, rows: Rows, stratum: tuple[Level, Stratum] | None = None) -> None:
        """Add what a step made, unless it was given up: what comes late changes nothing."""
        with self.lock:
            if step not in self.made:
                if stratum is not None:
                    self.strata[stratum[0]] = stratum[1]
                self.made[step] = rows

    def count(self, level: Level) -> int:
        """Return how many rows a level has."""
        return len(self.strata[level])

    def places(self, level: Level, above: Level) -> Places:
        """Return which row of a level above each row of a level belongs to, shape (n,)."""
        places = np.arange(self.count(level))
        while level != above:
            places = self.strata[level].of[places]
            level = level[:-1]
        return places

    def column(self, source: Source, at: Level, level: Level) -> Column:
        """Return a source of one level as a column of a level below it."""
        if source.step == FLOW:
            column = self._asked(source.field)
        else:
            column = self.made[source.step].columns[source.field]
        return column if at == level else column[self.places(level, at)]

    def there(self, step: str, at: Level, level: Level) -> Mask:
        """Return which rows of a level a step above it, or at it, has made something for."""
        there = self.made[step].there
        return there if at == level else there[self.places(level, at)]

    def name(self, level: Level, row: int) -> str:
        """Return what a row is called, from its record on: `record 0, photos 17 ("beach.jpg")`."""
        parts = []
        while level != RECORDS:
            stratum = self.strata[level]
            said = None if stratum.names is None else stratum.names[row]
            first = int(np.searchsorted(stratum.of, stratum.of[row]))
            parts.append(f"{level[-1]} {row - first}" + (f' ("{said}")' if said else ""))
            row, level = int(stratum.of[row]), level[:-1]
        return ", ".join([f"record {row}", *reversed(parts)])

    def _asked(self, name: str) -> Column:
        if name in self.batch.columns:
            return self.batch[name]
        keys = np.full(len(self.batch), None, dtype=object)
        keys[:] = [None if key is None else str(key) for key in self.batch.keys or ()]
        return keys
