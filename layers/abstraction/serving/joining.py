"""Calls of one model that are in flight at once, joined into one.

The call that has waited longest decides for all that wait, in its own thread: there is no other. While
the model answers, those who come gather behind it. When it is free they are asked together, in the
order in which they came, and each takes its own rows of the answer. If the model fails on them, each is
asked alone, so that a call which the model cannot answer fails by itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Explains, Model, Predictions
from minerva.errors import AlgorithmFailed, DeadlineExceeded
from minerva.layers.abstraction.serving.cost import Costs
from minerva.layers.abstraction.serving.patience import UNTIL
from minerva.layers.abstraction.serving.pause import Gathering, Joins
from minerva.schema import Batch
from minerva.schema.batch import concatenate

Ask = Callable[[Batch], Predictions]
Clock = Callable[[], float]


@dataclass(eq=False)
class _Waiting:
    """A call that waits to be joined."""

    batch: Batch
    arrived_at: float
    until: float
    told: threading.Event = field(default_factory=threading.Event)
    """Something has changed for it: it has its outcome, it has become the first, or the model is free."""
    outcome: Literal["late", "alone"] | Predictions | None = None


class Joiner:
    """Asks one model for many callers, each in a thread of its own."""

    def __init__(self, ask: Ask, joins: Joins, now: Clock = time.monotonic) -> None:
        self._ask = ask
        self._joins = joins
        self._now = now
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._rows = 0
        self._running = 0
        self._costs = Costs()

    def predict(self, batch: Batch, until: float = math.inf) -> Predictions:
        """Return what the model says about `batch`, which may be asked together with others' records.

        Raises DeadlineExceeded if its turn has not come by `until`, or what the model does.
        """
        if not 0 < len(batch) < self._joins.max_batch:
            return self._asked_alone(batch)
        mine = _Waiting(batch, self._now(), until)
        if not self._came(mine):
            mine.told.wait()
        while mine.outcome is None:
            self._lead(mine)
        if mine.outcome == "late":
            raise DeadlineExceeded("The model was busy with other calls until the deadline.")
        return self._asked_alone(batch) if mine.outcome == "alone" else mine.outcome

    def _came(self, mine: _Waiting) -> bool:
        """Take a call in line; return whether it is the first."""
        with self._lock:
            self._queue.append(mine)
            self._rows += len(mine.batch)
            first = self._queue[0]
            sooner = self._rows >= self._joins.max_batch or mine.until < first.until
        if sooner and first is not mine:
            first.told.set()
        return first is mine

    def _lead(self, mine: _Waiting) -> None:
        """Decide for those who wait, of whom this call is the first: wait on, or ask."""
        with self._lock:
            now = self._now()
            self._turn_away(now)
            if mine.outcome is not None:
                return
            pause_s = self._joins.pause_s(self._gathering(), self._costs.cost(), now)
            if pause_s <= 0:
                taken = self._taken()
                self._running += 1
                self._wake_first()
        if pause_s <= 0:
            self._answer(taken, mine)
            return
        mine.told.wait(None if pause_s == math.inf else pause_s)
        mine.told.clear()

    def _gathering(self) -> Gathering:
        queue = self._queue
        until = min(one.until for one in queue)
        oldest_at, newest_at = queue[0].arrived_at, queue[-1].arrived_at
        return Gathering(len(queue), self._rows, oldest_at, newest_at, until, self._running)

    def _turn_away(self, now: float) -> None:
        """Take those out of the line whose deadline is over."""
        late = [one for one in self._queue if one.until <= now]
        for one in late:
            self._queue.remove(one)
            self._rows -= len(one.batch)
            one.outcome = "late"
            one.told.set()
        if late:
            self._wake_first()

    def _taken(self) -> list[_Waiting]:
        """Take out of the line who is next; nobody overtakes."""
        taken, room = [], self._joins.max_batch
        while self._queue and len(self._queue[0].batch) <= room:
            one = self._queue.popleft()
            self._rows -= len(one.batch)
            room -= len(one.batch)
            taken.append(one)
        return taken

    def _answer(self, taken: Sequence[_Waiting], mine: _Waiting) -> None:
        """Ask for all of them, and tell each."""
        try:
            if len(taken) == 1 and taken[0] is mine:
                mine.outcome = self._timed(mine.batch)
            elif len(taken) > 1:
                self._answer_joined(taken)
        finally:
            for one in taken:
                one.outcome = "alone" if one.outcome is None else one.outcome
                if one is not mine:
                    one.told.set()
            self._ended()

    def _answer_joined(self, taken: Sequence[_Waiting]) -> None:
        """Give each its own rows; or nothing, if the model fails on them together."""
        try:
            outputs = self._timed(concatenate([one.batch for one in taken]))
            parts = _parts(outputs, [len(one.batch) for one in taken])
        except BaseException:  # noqa: BLE001 - whatever it is, it is raised again for whom it concerns
            return
        for one, part in zip(taken, parts, strict=True):
            one.outcome = part

    def _asked_alone(self, batch: Batch) -> Predictions:
        with self._counted():
            return self._timed(batch)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            self._ended()

    def _timed(self, batch: Batch) -> Predictions:
        began = self._now()
        outputs = self._ask(batch)
        seconds = self._now() - began
        with self._lock:
            self._costs.add(len(batch), seconds)
        return outputs

    def _ended(self) -> None:
        with self._lock:
            self._running -= 1
            self._wake_first()

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].told.set()


def _parts(outputs: Predictions, sizes: Sequence[int]) -> list[Predictions]:
    """Return each call's rows of the joined answer. Raises AlgorithmFailed if it has not one per record."""
    arrays = {name: np.asarray(column) for name, column in outputs.items()}
    if any(array.shape[:1] != (sum(sizes),) for array in arrays.values()):
        raise AlgorithmFailed("An output has not one row per record.")
    ends = np.cumsum(sizes).tolist()
    spans = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return [{name: array[span] for name, array in arrays.items()} for span in spans]


@dataclass(frozen=True)
class JoinedModel:
    """A model of this process whose calls are joined."""

    model: Model
    joiner: Joiner

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        return self.joiner.predict(batch, UNTIL.get())

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        self.model.save(folder)


@dataclass(frozen=True)
class _JoinedExplaining(JoinedModel):
    model: Any

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Satisfy `Explains`; explanations are asked for one by one."""
        explained: NDArray[Any] = self.model.explain(batch)
        return explained


def joined(model: Model, joins: Joins) -> JoinedModel:
    """Return the model with its calls joined; it explains if the model does."""
    kind = _JoinedExplaining if isinstance(model, Explains) else JoinedModel
    return kind(model, Joiner(model.predict, joins))
