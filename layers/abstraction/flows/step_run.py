"""Running one step: what it is given, which rows, in which batches, and what becomes of failures."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from minerva import errors
from minerva.errors import AlgorithmFailed, DeadlineExceeded, Fault, MinervaError, StepFailed
from minerva.layers.abstraction.flows.answering import certain, column_of_values
from minerva.layers.abstraction.flows.attempting import Tries, attempt, joined, part
from minerva.layers.abstraction.flows.cache import Cache, filled, keys_of, row_of
from minerva.layers.abstraction.flows.crew import Crew
from minerva.layers.abstraction.flows.fitting import empty, handed
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.levels import RECORDS, Level
from minerva.layers.abstraction.flows.rows import Mask, Places, Rows, State, Stratum
from minerva.layers.abstraction.flows.sources import FLOW, Source
from minerva.layers.abstraction.flows.trace import StepTrace
from minerva.layers.abstraction.flows.work import Made, Work
from minerva.schema.batch import Column
from minerva.step import Items, Volume

GATHER, SPREAD = "gather", "spread"


@dataclass(frozen=True, eq=False)
class StepRun:
    """One step of one run."""

    graph: Graph
    node: Node
    state: State
    work: Callable[[Items, Places], Work]
    """What does the work; a step that is being trained learns from the items first."""
    volume: Volume
    crew: Crew
    cache: Cache
    made_by: str
    """What a remembered row depends on beside its content: the version of a service, say."""
    until: float
    entry: StepTrace

    def __call__(self) -> None:
        """Run it and add what it made to the state. Raises a MinervaError that names step and item."""
        node = self.node
        wanted = self._wanted()
        items, rows = self._items(wanted)
        self.entry.rows = len(items)
        self.entry.left_out = int(len(wanted) - wanted.sum())
        tries = self._tries(len(rows))
        try:
            made = self._made(items, rows, tries)
            self._judge(tries)
        except MinervaError as error:
            if node.declared.default is None:
                raise self._named(error, tries) from error
            self.entry.error, self.entry.defaulted = error.message, True
            made = Made({}, np.empty(0, np.intp) if node.making.shape == SPREAD else None)
            tries.failures |= {int(row): error for row in rows}
        finally:
            self.entry.tries = tries.made
        self.entry.failed = len(tries.failures)
        if node.making.shape == SPREAD:
            self._keep_spread(made, rows)
        else:
            self._keep(made, rows)

    def _wanted(self) -> Mask:
        """Return which rows of the level that it runs at it is to work on."""
        node, state = self.node, self.state
        wanted = np.ones(state.count(node.runs), dtype=bool)
        for source in {*node.wires.values(), *self._condition()}:
            at = self._level(source)
            if source.step != FLOW and len(at) <= len(node.runs):
                wanted &= state.there(source.step, at, node.runs)
        if node.declared.each is not None:
            wanted &= state.there(node.declared.each, node.runs, node.runs)
        if node.condition is not None:
            source = node.condition.source
            column = state.column(source, self._level(source), node.runs)
            holds = column == (0 if node.condition.opposite else 1)
            wanted &= holds
        return wanted

    def _condition(self) -> list[Source]:
        return [] if self.node.condition is None else [self.node.condition.source]

    def _items(self, wanted: Mask) -> tuple[Items, Places]:
        """Return the items, and the rows of its level (of the records, for a gather) that they are."""
        node, state = self.node, self.state
        rows = np.flatnonzero(wanted)
        if node.making.shape != GATHER:
            columns = {name: self._input(name, node.runs)[rows] for name in node.wires}
            return Items.single(node.taken, self._handed(columns), len(rows)), rows
        owners = state.places(node.given, node.runs)
        there = wanted[owners]
        for source in node.wires.values():
            if source.step != FLOW:
                there &= state.there(source.step, self._level(source), node.given)
        chosen = np.flatnonzero(there)
        at = np.cumsum(wanted) - 1
        columns = {name: self._input(name, node.given)[chosen] for name in node.wires}
        of = at[owners[chosen]]
        return Items(node.taken, self._handed(columns), of, len(rows)), rows

    def _input(self, name: str, level: Level) -> Column:
        source = self.node.wires[name]
        return self.state.column(source, self._level(source), level)

    def _handed(self, columns: dict[str, Column]) -> dict[str, Column]:
        node = self.node
        return {
            name: handed(column, self.graph.field(node.wires[name]), node.taken[name])
            for name, column in columns.items()
        }

    def _level(self, source: Source) -> Level:
        return RECORDS if source.step == FLOW else self.graph.node(source.step).level

    def _tries(self, rows: int) -> Tries:
        declared = self.node.declared
        allowed = rows if declared.default is not None else declared.may_fail * rows
        return Tries(declared.retries, declared.pause_ms / 1_000, self.until, allowed)

    def _made(self, items: Items, rows: Places, tries: Tries) -> Made:
        declared = self.node.declared
        units = len(rows)
        if not units:
            return Made({}, np.empty(0, np.intp) if self.node.making.shape == SPREAD else None)
        do = partial(self._do, self.work(items, rows), tries)
        if declared.cache_s is None:
            return self._in_batches(do, items, rows, tries)
        keys = keys_of(items, self.node.name, self.made_by)
        known = self.cache.get(keys)
        new = np.array([at for at, row in enumerate(known) if row is None], dtype=np.intp)
        self.entry.cached = units - len(new)
        made = Made({})
        if len(new):
            made = self._in_batches(do, part(items, new), rows, tries, new)
            good = [at for at in range(len(new)) if at not in made.failed and made.columns]
            fresh = [row_of(made.columns, at) for at in good]
            self.cache.put([keys[new[at]] for at in good], fresh, declared.cache_s)
        failed = {int(new[at]): why for at, why in made.failed.items()}
        return Made(filled(made.columns, known), None, failed)

    def _do(self, work: Work, tries: Tries, items: Items) -> Made:
        return work(items, self.volume, tries.until)

    def _in_batches(
        self,
        do: Callable[[Items], Made],
        items: Items,
        rows: Places,
        tries: Tries,
        numbers: NDArray[np.intp] | None = None,
    ) -> Made:
        """Do the work batch by batch; of grouped items whole groups, as many as make a batch.

        `numbers`: which of the rows the items are; None: all of them.
        """
        units = items.records
        numbers = rows if numbers is None else rows[numbers]
        size = self._batch(items)
        self.entry.batches = math.ceil(units / size)
        if units <= size:
            return attempt(do, items, numbers, tries)
        at_once = self.node.declared.parallel or os.cpu_count() or 1
        cuts = [np.arange(start, min(start + size, units)) for start in range(0, units, size)]

        def works() -> Iterator[Callable[[], Made]]:
            for cut in cuts:
                yield partial(self._batch_of, do, items, cut, numbers, tries)

        found: list[Made | None] = [None] * len(cuts)
        try:
            for number, made in self.crew.batches(works(), at_once):
                found[number] = made
        except BaseException:
            tries.stopped.set()
            raise
        parts = [(cut, made) for cut, made in zip(cuts, found, strict=True) if made is not None]
        return joined(parts, spread=self.node.making.shape == SPREAD)

    def _batch_of(
        self,
        do: Callable[[Items], Made],
        items: Items,
        cut: NDArray[np.intp],
        numbers: NDArray[np.intp],
        tries: Tries,
    ) -> Made:
        return attempt(do, part(items, cut), numbers[cut], tries)

    def _batch(self, items: Items) -> int:
        size = self.node.declared.batch or self.node.making.batch
        if self.node.making.shape != GATHER or not len(items):
            return size
        return max(1, size * items.records // len(items))

    def _judge(self, tries: Tries) -> None:
        """Raise the error of an item that fails a record too often."""
        share = self.node.declared.may_fail
        if not tries.failures or self.node.declared.default is not None:
            return
        owners = self.state.places(self.node.runs, RECORDS)
        totals = np.bincount(owners, minlength=self.state.count(RECORDS))
        failed = np.zeros_like(totals)
        for row, error in sorted(tries.failures.items()):
            record = owners[row]
            failed[record] += 1
            if failed[record] > share * totals[record]:
                raise error

    def _named(self, error: MinervaError, tries: Tries) -> MinervaError:
        """Return the error with the names of step and item in it."""
        step = self.node.name
        item = next((row for row, one in tries.failures.items() if one is error), None)
        late = time.monotonic() >= self.until and isinstance(error, DeadlineExceeded)
        message = f"Step {step!r} of the flow failed"
        where = f"/steps/{step}"
        if item is not None:
            message += f" at {self.state.name(self.node.runs, item)}"
            where += f"/items/{item}"
        if late:
            message += ": its time was over"
        else:
            message += f": {error.message[:1].lower()}{error.message[1:].rstrip('.')}"
        ours = (kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        kind: type[MinervaError] = next(ours)
        named = (StepFailed if kind is AlgorithmFailed else kind)(
            f"{message}.", faults=[Fault(where, error.message), *error.faults]
        )
        self.entry.error = named.message
        return named

    def _keep(self, made: Made, rows: Places) -> None:
        """Add what a step made of each row; others have its default, or nothing."""
        node, count = self.node, self.state.count(self.node.runs)
        there = np.zeros(count, dtype=bool)
        good = np.full(len(rows), bool(made.columns))
        good[list(made.failed)] = False
        there[rows[good]] = True
        columns = self._defaults(count)
        for name, column in made.columns.items():
            whole = columns[name].astype(column.dtype) if column.dtype != object else columns[name]
            whole[rows[good]] = column[good]
            columns[name] = whole
        if node.declared.default is not None:
            there[:] = True
        self.entry.made = int(there.sum())
        self.state.settle(node.name, Rows(columns, there))

    def _defaults(self, count: int) -> dict[str, Column]:
        default = self.node.declared.default
        columns: dict[str, Column] = {}
        for name, field in self.node.made.items():
            if default is None or name not in default:
                columns.setdefault(name, empty(field, count))
                continue
            columns[name] = np.repeat(column_of_values([default[name]], field), count)
            columns |= certain(name, field, columns[name])
        return {name: columns[name] for name in self.node.made}

    def _keep_spread(self, made: Made, rows: Places) -> None:
        node = self.node
        of = np.empty(0, np.intp) if made.of is None else made.of
        kept = np.flatnonzero(~np.isin(of, list(made.failed)))  # of what failed, nothing counts
        of = rows[of[kept]]
        columns = {
            name: made.columns[name][kept] if name in made.columns else empty(field, len(of))
            for name, field in node.made.items()
        }
        label = getattr(getattr(node.making, "kind", None), "label", "")
        self.entry.made = len(of)
        rows_made = Rows(columns, np.ones(len(of), dtype=bool))
        self.state.settle(node.name, rows_made, (node.level, Stratum(of, columns.get(label))))

    def give_up(self, error: MinervaError) -> None:
        """Put the default in the place of what did not come in time."""
        self.entry.error, self.entry.defaulted = error.message, True
        if self.node.making.shape == SPREAD:
            self._keep_spread(Made({}, np.empty(0, np.intp)), np.empty(0, np.intp))
        else:
            self._keep(Made({}), np.empty(0, np.intp))
