"""A model that lives in a runner: asked line by line, started again when its process is gone."""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from minerva import AlgorithmFailed, Batch, Predictions, Schema
from minerva.errors import TooLarge
from minerva.layers.application.command.parameters import CommandParameters
from minerva.layers.application.command.predictions import contributions_of, predictions_of
from minerva.layers.application.command.records import columns_of, told_schema
from minerva.runner import Answer, Conversation, Hello, Program

log = structlog.get_logger()

FACTS, SAVED, FILES = "runner.json", "saved", "files"
"""The parts of a model's folder: who trained it, what the runner saved, and the program."""
EXPLAIN = "explain"
T = TypeVar("T")


@dataclass(frozen=True)
class Launch:
    """How the runner of one model is started."""

    program: Program
    schema: Schema
    parameters: CommandParameters
    threads: int

    def start(self) -> Conversation:
        """Start and greet. Raises AlgorithmFailed."""
        return Conversation.open(self.program, self.parameters.start_s)

    def load(self, saved: Path) -> Conversation:
        """Start, greet and have the runner load what it saved. Raises AlgorithmFailed."""
        conversation = self.start()
        answer = conversation.ask("load", self.parameters.start_s, **self.told(saved))
        if answer.result != {}:
            conversation.close()
            raise refused(self.program, "load", answer)
        return conversation

    def told(self, folder: Path) -> dict[str, Any]:
        """Return what `train` and `load` are both told."""
        return {
            "schema": told_schema(self.schema),
            "parameters": self.parameters.options,
            "folder": str(folder),
            "threads": self.threads,
        }


@dataclass(eq=False)
class CommandModel:
    """Keeps one conversation; whoever else asks waits for it."""

    launch: Launch
    folder: Path
    """Holds `saved/` (unless the runner saved nothing) and, if the version carries some, `files/`."""
    saved: Path
    temporary: Path
    """Removed with the model."""
    _open: list[Conversation] = field(default_factory=list)
    """The conversation, or none."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        weakref.finalize(self, _forget, self._open, self.temporary)

    def predict(self, batch: Batch) -> Predictions:
        """Return numbers, or probabilities for each value. Raises AlgorithmFailed."""
        try:
            return self._ask("predict", batch, predictions_of)
        except TooLarge:
            if len(batch) <= 1:
                raise
        halves = np.array_split(np.arange(len(batch)), 2)
        parts = [self.predict(batch.take(half)) for half in halves]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def explain(self, batch: Batch) -> NDArray[np.float64]:
        """Return contributions of shape (n, features). Raises AlgorithmFailed."""
        return self._ask(EXPLAIN, batch, contributions_of)

    def save(self, folder: Path) -> None:
        """Copy what the runner saved and the program, and note who it was."""
        for part in (SAVED, FILES):
            if (self.folder / part).is_dir():
                shutil.copytree(self.folder / part, folder / part)
        facts = msgspec.json.encode(_facts(self.launch, self.hello()), order="sorted")
        (folder / FACTS).write_bytes(facts)

    def hello(self) -> Hello:
        """Return what the runner says of itself; it is started if need be. Raises AlgorithmFailed."""
        with self._lock:
            return self._ready().hello

    def close(self) -> None:
        """End the runner. The next call starts it again."""
        with self._lock:
            _close(self._open)

    def _ask(
        self, request: str, batch: Batch, read: Callable[[Mapping[str, Any], Schema, int], T]
    ) -> T:
        columns, rows = columns_of(batch), len(batch)
        with self._lock:
            conversation = self._ready()
            answer = conversation.ask(
                request, self.launch.parameters.answer_s, rows=rows, columns=columns
            )
            if answer.result is None:
                raise refused(self.launch.program, request, answer)
            try:
                return read(answer.result, batch.schema, rows)
            except ValueError as error:
                conversation.close()
                message = f"Runner `{self.launch.program}` answered {request} with {error}."
                raise AlgorithmFailed(message) from error

    def _ready(self) -> Conversation:
        if self._open and self._open[0].ended():
            log.warning("runner.ended", command=str(self.launch.program))
            _close(self._open)
        if not self._open:
            self._open.append(self.launch.load(self.saved))
        return self._open[0]


def _close(conversations: list[Conversation]) -> None:
    while conversations:
        conversations.pop().close()


def _forget(conversations: list[Conversation], temporary: Path) -> None:
    """End the runner first: what still runs may write where it is being removed."""
    _close(conversations)
    shutil.rmtree(temporary, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class SilentModel:
    """A model whose runner cannot explain: without the method, so that nobody asks for it."""

    model: CommandModel

    def predict(self, batch: Batch) -> Predictions:
        """Return what the runner predicts. Raises AlgorithmFailed."""
        return self.model.predict(batch)

    def save(self, folder: Path) -> None:
        """Save as the model itself does."""
        self.model.save(folder)

    def close(self) -> None:
        """End the runner."""
        self.model.close()


def refused(program: Program, request: str, answer: Answer) -> AlgorithmFailed:
    """Log why a runner refused, and return the error that does not tell: it may quote a value."""
    why = answer.refusal
    if why is None:
        return AlgorithmFailed(
            f"Runner `{program}` answered {request} with a result that is not {{}}."
        )
    log.warning("runner.refused", command=str(program), request=request, reason=why.message)
    return AlgorithmFailed(f"Runner `{program}` could not {request}; the log says why.")


def _facts(launch: Launch, hello: Hello) -> dict[str, Any]:
    return {
        "protocol": 1,
        "name": hello.name,
        "version": hello.version,
        "command": list(launch.parameters.command),
    }
