"""Trying a step on some items: again after what may pass, and apart to find the item that it fails on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock

import numpy as np
import structlog
from numpy.typing import NDArray

from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidData,
    InvalidInput,
    MinervaError,
    TooLarge,
    Unavailable,
)
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.work import Made
from minerva.schema.batch import Column
from minerva.step import Columns, Items

log = structlog.get_logger()

Do = Callable[[Items], Made]
OF_ITEMS = (InvalidInput, InvalidData, AlgorithmFailed, TooLarge)
"""What some item may have brought about; anything else is the same for all."""
PASSES = (Unavailable, DeadlineExceeded, AlgorithmFailed)
"""What may be otherwise the next time."""


@dataclass
class Tries:
    """How often a step may be tried, and until when; shared by all batches of one step of a run."""

    retries: int
    pause_s: float
    until: float
    allowed: float
    """How many items may fail before all is given up."""
    made: int = 0
    failures: dict[int, MinervaError] = field(default_factory=dict)
    """Item → why it failed, of all batches."""
    told: bool = False
    """Whether the log knows where in the step's code something was raised; once is enough."""
    stopped: Event = field(default_factory=Event)
    """Set when somebody has given up: others need not go on."""
    lock: Lock = field(default_factory=Lock)

    def count(self) -> None:
        """Count a try. Raises DeadlineExceeded when the time is over."""
        with self.lock:
            self.made += 1
        if time.monotonic() >= self.until or self.stopped.is_set():
            raise DeadlineExceeded("Its time was over.")

    def note(self, item: int, error: MinervaError) -> None:
        """Note that an item failed. Raises its error if too many have."""
        with self.lock:
            self.failures[item] = error
            too_many = len(self.failures) > self.allowed
        if too_many:
            raise error


def attempt(do: Do, items: Items, numbers: NDArray[np.intp], tries: Tries) -> Made:
    """Return what was made of items; those that failed are noted under their numbers.

    Numbers: of the items (of a step that gathers: of the records) within the run. Raises the error that
    ended it: one that is the same for all items, or of one item too many.
    """
    try:
        made = _repeated(do, items, tries)
    except OF_ITEMS as error:
        return _apart(do, items, numbers, tries, error)
    if not made.failed:
        return made
    return _once_more(do, items, numbers, tries, made)


def _repeated(do: Do, items: Items, tries: Tries) -> Made:
    pause = tries.pause_s
    for left in range(tries.retries, -1, -1):
        tries.count()
        try:
            return _done(do, items, tries)
        except PASSES as error:
            if not left or time.monotonic() + pause >= tries.until:
                raise
            log.info("flow.step_tried_again", reason=error.message, left=left)
        tries.stopped.wait(pause)
        pause *= 2
    raise AssertionError("unreachable")


def _done(do: Do, items: Items, tries: Tries) -> Made:
    try:
        return do(items)
    except MinervaError:
        raise
    except (Exception, SystemExit) as error:
        if not tries.told:
            log.exception("flow.step_raised")
        tries.told = True
        raise AlgorithmFailed(f"It raised {type(error).__name__}.") from error


def _apart(
    do: Do, items: Items, numbers: NDArray[np.intp], tries: Tries, error: MinervaError
) -> Made:
    """Halve until the item that fails stands alone: log2(n) tries for one among n."""
    rows = len(numbers)
    if rows <= 1:
        if not rows:
            raise error
        tries.note(int(numbers[0]), error)
        return Made({}, None, {0: Failure.of(error)})
    halves = (np.arange(rows // 2), np.arange(rows // 2, rows))
    parts = []
    for half in halves:
        some = part(items, half)
        try:
            tries.count()
            made = _done(do, some, tries)
        except OF_ITEMS as again:
            parts.append((half, _apart(do, some, numbers[half], tries, again)))
        else:
            parts.append((half, _noted(made, numbers[half], tries)))
    return joined(parts, spread=any(one.of is not None for _, one in parts))


def _noted(made: Made, numbers: NDArray[np.intp], tries: Tries) -> Made:
    """Note the items that a step itself told of. Raises the error of one too many."""
    for item, failure in made.failed.items():
        tries.note(int(numbers[item]), failure.error)
    return made


def _once_more(do: Do, items: Items, numbers: NDArray[np.intp], tries: Tries, made: Made) -> Made:
    """Try the items again that the step told of, alone; what was made of the others is kept."""
    pause = tries.pause_s
    for _ in range(tries.retries):
        if not made.failed or time.monotonic() + pause >= tries.until:
            break
        tries.stopped.wait(pause)
        pause *= 2
        tries.count()
        again = np.array(sorted(made.failed), dtype=np.intp)
        try:
            made = _replaced(made, again, _done(do, part(items, again), tries))
        except OF_ITEMS as error:
            log.info("flow.items_tried_again", items=len(again), reason=error.message)
    return _noted(made, numbers, tries)


def part(items: Items, rows: NDArray[np.intp]) -> Items:
    """Return some of the items; of grouped ones, the groups at these positions."""
    if len(items) == items.records and (items.of == np.arange(len(items))).all():
        return items.take(rows)
    at = np.full(items.records, -1, dtype=np.intp)
    at[rows] = np.arange(len(rows))
    chosen = np.flatnonzero(at[items.of] >= 0)
    columns = {name: column[chosen] for name, column in items.columns.items()}
    return Items(items.fields, columns, at[items.of[chosen]], len(rows))


def joined(parts: list[tuple[NDArray[np.intp], Made]], *, spread: bool) -> Made:
    """Put together what was made of some of the items each; positions are those of the whole.

    A part of which nothing was made has no columns.
    """
    full = [(rows, made) for rows, made in parts if made.columns or made.failed]
    with_columns = [one for one in full if one[1].columns]
    failed = {int(rows[item]): why for rows, made in full for item, why in made.failed.items()}
    absent = [int(row) for rows, made in parts if not made.columns for row in rows]
    nothing = Failure.of("Nothing was made of it.")
    failed |= {row: nothing for row in absent if row not in failed}
    if not with_columns:
        return Made({}, np.empty(0, np.intp) if spread else None, failed)
    if spread:
        return _joined_spread(with_columns, failed)
    return Made(_scattered(parts, with_columns), None, failed)


def _joined_spread(parts: list[tuple[NDArray[np.intp], Made]], failed: dict[int, Failure]) -> Made:
    of = np.concatenate([rows[made.of] for rows, made in parts if made.of is not None])
    names = parts[0][1].columns
    order = np.argsort(of, kind="stable")
    columns = {
        name: np.concatenate([made.columns[name] for _, made in parts])[order] for name in names
    }
    return Made(columns, of[order], failed)


def _scattered(
    parts: list[tuple[NDArray[np.intp], Made]], full: list[tuple[NDArray[np.intp], Made]]
) -> Columns:
    rows = sum(len(one) for one, _ in parts)
    columns = {}
    for name, first in full[0][1].columns.items():
        column = np.zeros(rows, dtype=first.dtype)
        for places, made in full:
            column[places] = made.columns[name]
        columns[name] = column
    return columns


def _replaced(made: Made, again: NDArray[np.intp], second: Made) -> Made:
    kept = {item: why for item, why in made.failed.items() if item not in set(again.tolist())}
    failed = kept | {int(again[item]): why for item, why in second.failed.items()}
    if made.of is None or second.of is None:
        columns: dict[str, Column] = {}
        for name, column in made.columns.items():
            columns[name] = column.copy()
            columns[name][again] = second.columns[name]
        return Made(columns, None, failed)
    first = ~np.isin(made.of, again)
    whole = Made({n: c[first] for n, c in made.columns.items()}, made.of[first])
    everything = np.arange(max(int(again.max()), int(made.of.max(initial=0))) + 1)
    found = _joined_spread([(everything, whole), (again, second)], failed)
    return Made(found.columns, found.of, failed)
