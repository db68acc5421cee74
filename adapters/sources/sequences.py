"""DataSource whose rows, by key and time, become records that bring the last values of some columns.

A record holds what was known at its time: its own row and rows of the same key before it, none after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from minerva.errors import Fault, InvalidData, InvalidInput
from minerva.schema import Field, FieldType
from minerva.schema.cell import is_empty, reader

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from minerva.layers.abstraction.services.declaration import SequenceDeclaration

MOST_ROWS = 10_000
"""Rows that a lookup may return for a key; a `limit` as long as the window is enough."""


class KeyedSource(Protocol):
    """What stands below: any DataSource, of which a database also answers with several rows a key."""

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """See `DataSource`."""

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:
        """See `DataSource`."""

    def close(self) -> None:
        """Give back what it holds."""


class RowsOf(Protocol):
    """Returns the rows of each key, `most` of a key at most."""

    def __call__(self, keys: Sequence[Any], most: int) -> list[list[dict[str, Any]]]:
        """Ask."""


@dataclass(frozen=True, eq=False)
class SequenceSource:
    """Puts rows in order and lets each look back."""

    source: KeyedSource
    sequence: SequenceDeclaration
    rows_of: RowsOf | None = None
    """None: no single record can be asked for."""

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the records in the order of their rows; all rows are held in memory meanwhile.

        Raises InvalidData for a column that is not there or there already, a row without key or time,
        and where no key has rows enough.
        """
        import pandas as pd

        table = pd.concat(list(self.source.frames(chunk_rows)), ignore_index=True)
        _check_columns(list(table.columns), self.sequence, self.sequence.key)
        before, rows = _look_back(table, self.sequence)
        size = max(1, chunk_rows // self.sequence.window)
        for start in range(0, max(1, len(rows)), size):
            yield _records(table, rows[start : start + size], before, self.sequence)

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:
        """Return what each key's last rows tell, None where it has none.

        Raises InvalidInput for a key with too few rows.
        """
        if self.rows_of is None:
            return self.source.lookup(keys)
        found = self.rows_of(keys, MOST_ROWS)
        return [_latest(rows, self.sequence, f"/keys/{at}") for at, rows in enumerate(found)]

    def close(self) -> None:
        """Close what stands below."""
        self.source.close()


def _check_columns(columns: list[str], sequence: SequenceDeclaration, *others: str) -> None:
    wanted = (*others, sequence.time, *sequence.columns)
    faults = [
        Fault(f'column "{name}"', "is missing from the data")
        for name in dict.fromkeys(wanted)
        if name not in columns
    ]
    made = {name for column in sequence.columns for name in sequence.names(column)}
    faults += [
        Fault(f'column "{name}"', "is what `sequence` would make, and is there already")
        for name in columns
        if name in made
    ]
    if faults:
        raise InvalidData("The rows cannot be put in sequence.", faults=faults)


def _look_back(
    table: pd.DataFrame, sequence: SequenceDeclaration
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which row a row sees at each step, shape (window, rows), -1 for none; and the records' rows.

    Steps go back from 0, the row itself. Raises InvalidData as `SequenceSource.frames`.
    """
    import pandas as pd

    keys, _ = pd.factorize(table[sequence.key])
    absent = (keys < 0) | np.array([is_empty(one) for one in table[sequence.key].tolist()], bool)
    if absent.any():
        raise _incomplete(sequence.key, int(np.flatnonzero(absent)[0]))
    order = np.lexsort((_moments(table[sequence.time].tolist(), sequence.time), keys))
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    before = np.full((sequence.window, len(order)), -1)
    for at in range(sequence.window):
        later = np.flatnonzero(place >= at)
        before[at, order[later]] = order[later - at]
    chosen = place + 1 >= sequence.needed
    if sequence.per == "key":
        chosen &= place + 1 == np.repeat(sizes, sizes)
    if len(order) and not chosen.any():
        raise InvalidData(
            f"No key has {sequence.needed} rows: shorten the `window`, or say `at_least`."
        )
    return before, np.sort(order[chosen])


def _records(
    table: pd.DataFrame,
    rows: NDArray[np.intp],
    before: NDArray[np.intp],
    sequence: SequenceDeclaration,
) -> pd.DataFrame:
    import pandas as pd

    made = {str(name): table[name].take(rows).reset_index(drop=True) for name in table.columns}
    for column in sequence.columns:
        for at, name in enumerate(sequence.names(column)):
            seen = table[column].take(np.maximum(before[at, rows], 0)).reset_index(drop=True)
            made[name] = (
                seen if (before[at, rows] >= 0).all() else seen.where(before[at, rows] >= 0)
            )
    return pd.DataFrame(made)


def _latest(
    rows: list[dict[str, Any]], sequence: SequenceDeclaration, where: str
) -> dict[str, Any] | None:
    if not rows:
        return None
    _check_columns(list(rows[0]), sequence)
    if len(rows) < sequence.needed:
        said = f"has {len(rows)} rows, and {sequence.needed} are needed"
        raise InvalidInput("Some keys have too few rows.", faults=[Fault(where, said)])
    times = _moments([one[sequence.time] for one in rows], sequence.time)
    latest = [rows[at] for at in np.argsort(times, kind="stable")[::-1][: sequence.window]]
    record = dict(latest[0])
    for column in sequence.columns:
        seen = [one[column] for one in latest]
        seen += [None] * (sequence.window - len(seen))
        record |= dict(zip(sequence.names(column), seen, strict=True))
    return record


def _moments(cells: list[Any], column: str) -> NDArray[np.float64]:
    """Return what rows are put in order by. Raises InvalidData where that is no number and no moment."""
    wrong = []
    for kind in (FieldType.NUMBER, FieldType.TIMESTAMP):
        read = reader(Field(type=kind))
        found = [None if is_empty(cell) else read(cell) for cell in cells]
        if None not in found:
            return np.array(found, np.float64)
        wrong.append(found.index(None))
    raise _incomplete(column, max(wrong))  # in what most rows are written as


def _incomplete(column: str, row: int) -> InvalidData:
    return InvalidData(
        "Rows without key or time cannot be put in sequence: leave them out.",
        faults=[Fault(f'column "{column}", row {row + 1}', "is empty, or no moment")],
    )
