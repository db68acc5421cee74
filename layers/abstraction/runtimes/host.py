"""A model and what it is asked: the inside of a host, which knows no socket.

Whatever the plugin raises becomes an answer; its traceback stays in the host's log.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import structlog

from minerva.algorithm import (
    Algorithm,
    Context,
    Explains,
    Imports,
    Model,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidConfiguration,
    InvalidInput,
    MinervaError,
    TooLarge,
)
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.schema import Batch
from minerva.schema.batch import concatenate

if TYPE_CHECKING:
    from minerva.layers.abstraction.serving.joining import Joiner

log = structlog.get_logger()

MODEL = "model"
"""The plugin's part of a version's folder, and of the scratch folder after a training."""
REPORT_EVERY_S = 0.1

Send = Callable[[wire.Answer], None]


class Clock(Protocol):
    """Seconds that only grow."""

    def __call__(self) -> float: ...


@dataclass
class Calls:
    """Which calls run and since when; an algorithm that is not thread-safe has one at a time."""

    one_at_a_time: bool
    most_s: float | None
    """How long a call may wait for its turn."""
    now: Clock = time.monotonic
    answered: int = 0
    _running: dict[int, float] = field(default_factory=dict)
    _last: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Count idleness from the start."""
        self._last = self.now()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Run one call. Raises DeadlineExceeded if its turn does not come in time."""
        if not self.one_at_a_time:
            with self._counted():
                yield
            return
        if not self._turn.acquire(timeout=-1 if self.most_s is None else self.most_s):
            raise DeadlineExceeded("The model answers one call at a time, and others came first.")
        try:
            with self._counted():
                yield
        finally:
            self._turn.release()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        thread = threading.get_ident()
        self._running[thread] = self._last = self.now()
        try:
            yield
        finally:
            del self._running[thread]
            self._last = self.now()
            self.answered += 1

    def busy_s(self) -> float:
        """Return for how long the longest running call has been running."""
        started = min(self._running.copy().values(), default=None)
        return 0.0 if started is None else max(self.now() - started, 1e-6)

    def pong(self) -> wire.Pong:
        """Return how the host is."""
        return wire.Pong(self.answered, self.busy_s(), self.now() - self._last)


@dataclass
class Host:
    """One algorithm, and its model once there is one."""

    spec: HostSpec
    algorithm: Algorithm
    context: Context | None
    """None: there is no schema, the host only inspects."""
    model: Model | None = None

    def __post_init__(self) -> None:
        """Work out what calls need."""
        deadline_s = self.spec.deadline_ms / 1000 or None
        self.calls = Calls(not self.spec.thread_safe, deadline_s)
        self._joiner = _joiner(self.spec, self._outputs)
        self._layout = None if self.context is None else wire.Layout(self.context.schema)

    @property
    def explains(self) -> bool:
        """Whether the model can say why."""
        return isinstance(self.model, Explains)

    def conversation(self, send: Send) -> Conversation:
        """Return what answers one connection."""
        return Conversation(self, send)

    def batch(self, sent: wire.Columns) -> Batch:
        """Return the batch that was sent. Raises Garbled."""
        if self._layout is None:
            raise wire.Garbled("records are sent to a host that has no schema")
        return self._layout.unpack(sent)

    def predict(self, batch: Batch, left_s: float | None = None) -> wire.Answer:
        """Ask the model, for a caller who waits for so long."""
        if self._joiner is None:
            outputs = self._outputs(batch)
        else:
            until = math.inf if left_s is None else time.monotonic() + left_s
            outputs = self._joiner.predict(batch, until)
        return wire.Predicted(wire.pack_outputs(outputs))

    def explain(self, batch: Batch) -> wire.Answer:
        """Ask the model why."""
        model = self._asked()
        if not isinstance(model, Explains):
            raise InvalidInput(f"Algorithm {self.algorithm.name} cannot explain its predictions.")
        with self.calls.call():
            contributions = model.explain(batch)
        return wire.Predicted([wire.pack_array("explanation", contributions)])

    def train(self, data: TrainingData, seed: int, progress: Reporter) -> wire.Answer:
        """Train, keep the model's files in the scratch folder and the model for questions."""
        context = TrainingContext(**vars(self._known()), seed=seed, progress=progress)
        with self.calls.call():
            model = self.algorithm.train(data, context)
            folder = Path(self.spec.scratch) / MODEL
            folder.mkdir()
            model.save(folder)
        self.model = model
        return wire.Trained(self.explains)

    def inspect(self, path: str) -> wire.Answer:
        """Let the algorithm look into a model file."""
        if not isinstance(self.algorithm, Imports):
            raise InvalidConfiguration(
                f"Algorithm {self.algorithm.name} imports no models: name another one."
            )
        with self.calls.call():
            inspected = self.algorithm.inspect(Path(path), self.context)
        return wire.Looked(msgspec.json.encode(inspected))

    def _outputs(self, batch: Batch) -> Predictions:
        with self.calls.call():
            return self._asked().predict(batch)

    def _asked(self) -> Model:
        if self.model is None:
            raise InvalidConfiguration("This model's process has no model yet: train one first.")
        return self.model

    def _known(self) -> Context:
        if self.context is None:
            raise InvalidConfiguration("This model's process was given no schema to train for.")
        return self.context


@dataclass
class Conversation:
    """The questions of one connection, one after the other."""

    host: Host
    send: Send
    _rows: list[wire.Rows] = field(default_factory=list)

    def hear(self, request: wire.Request) -> None:
        """Answer. Raises Garbled for what contradicts the schema; no plugin makes it raise else."""
        match request:
            case wire.Predict(columns, left_s):
                batch = self.host.batch(columns)
                self._answer(lambda: self.host.predict(batch, left_s))
            case wire.Explain(columns):
                batch = self.host.batch(columns)
                self._answer(lambda: self.host.explain(batch))
            case wire.Ping():
                self.send(self.host.calls.pong())
            case wire.Rows():
                self._rows.append(request)
            case wire.Train(seed):
                data = self._data()
                self._answer(lambda: self.host.train(data, seed, Reporter(self.send)))
            case wire.Inspect(path):
                self._answer(lambda: self.host.inspect(path))

    def _data(self) -> TrainingData:
        """Return the rows sent so far; they are not kept twice."""
        rows, self._rows = self._rows, []
        if not rows:
            raise wire.Garbled("a training without data, which has no rows but columns")
        return TrainingData(
            concatenate([self.host.batch(part.columns) for part in rows]), _targets(rows)
        )

    def _answer(self, asked: Callable[[], wire.Answer]) -> None:
        name = self.host.algorithm.name
        try:
            answer: wire.Answer = asked()
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, SystemExit too, and must harm only itself
            answer = failed(error, name)
        try:
            self.send(answer)
        except TooLarge as error:
            self.send(failed(error, name))


def _joiner(spec: HostSpec, ask: Callable[[Batch], Predictions]) -> Joiner | None:
    """Return what joins calls, None where each is asked by itself."""
    if not spec.max_batch:
        return None
    from minerva.layers.abstraction.serving.joining import Joiner
    from minerva.layers.abstraction.serving.pause import Joins

    joins = Joins(spec.max_batch, spec.max_wait_ms / 1000, one_at_a_time=not spec.thread_safe)
    return Joiner(ask, joins)


def _targets(rows: list[wire.Rows]) -> dict[str, Any]:
    import numpy as np

    parts = [{one.name: wire.unpack_array(one) for one in part.targets} for part in rows]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def failed(error: BaseException, algorithm: str) -> wire.Failed:
    """Log the traceback and return the sentence for the caller."""
    log.error("model.raised", algorithm=algorithm, exc_info=error)
    if isinstance(error, MemoryError):
        return wire.Failed(
            AlgorithmFailed.code,
            f"Algorithm {algorithm} ran out of memory (MemoryError): give its process more "
            "(serving.limits.memory_mb or MINERVA_HOST_MEMORY_MB; to train, MINERVA_JOB_MEMORY_MB), "
            "or fewer records at once.",
        )
    if isinstance(error, MinervaError):
        with suppress(Exception):  # a plugin's own subclass may be of any shape
            faults = [(_cut(f.where), _cut(f.message)) for f in error.faults[: wire.MAX_FAULTS]]
            return wire.Failed(_cut(error.code), _cut(error.message), faults)
    return wire.Failed(
        AlgorithmFailed.code,
        f"Algorithm {algorithm} failed ({_cut(type(error).__name__)}); "
        "the log of its process says where.",
    )


def _cut(text: str) -> str:
    return text[: wire.MAX_TEXT].encode(errors="replace").decode()


class Reporter:
    """Tells how far a training is, at most ten times a second."""

    def __init__(self, send: Send, now: Clock = time.monotonic) -> None:
        self._send = send
        self._now = now
        self._told = -math.inf

    def __call__(self, fraction: float, message: str = "") -> None:
        """Satisfy `minerva.algorithm.Progress`."""
        now = self._now()
        if now - self._told >= REPORT_EVERY_S:
            self._told = now
            self._send(wire.Progress(float(fraction), _cut(str(message))))
