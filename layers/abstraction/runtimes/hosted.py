"""A model that runs in a process of its own, as its callers see it: an ordinary model.

When the process dies, one of the calls in it may be to blame, and the others are not. Predicting has
no effects, so both are asked again:

* A call that the process had not read whole had no part in its death. It is asked of the next one.
* One that it had read is suspect. It is asked once more *alone*, in a process that serves suspects
  only, one at a time. Innocent, it is answered; a process that dies there has one call to blame, and
  nobody else is harmed by finding out.
"""

from __future__ import annotations

import math
import shutil
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from threading import get_ident
from typing import Any

from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import AlgorithmFailed, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.connection import (
    Connection,
    Trouble,
    Troubled,
    failed,
    in_words,
    unreachable,
)
from minerva.layers.abstraction.serving.patience import UNTIL
from minerva.schema import Batch, Schema

Find = Callable[[], str]
"""Returns the path of the host's socket, starting the host if need be. Called whenever a connection
is opened, and once more when that one is refused. Raises Unavailable."""
Alone = Callable[[float | None], AbstractContextManager[str]]
"""Within so many seconds, gives the path of the socket of a host that nobody else asks meanwhile.
Raises what it fails to start with, Unavailable if that takes longer."""
OnTrouble = Callable[[Trouble], None]
Arrays = dict[str, NDArray[Any]]
DEATHS = 5
"""So many hosts in a row may die, or hang up, before they have read a call."""
DYING_S = 1.0
"""A dying process closes its socket a moment before it is seen to be dead."""
POLL_S = 0.01
"""Between two tries to reach the host that takes the place of a dying one."""


class Connections:
    """The open connections of one model: as many as there were callers at once, none closed early."""

    def __init__(
        self,
        find: Find,
        algorithm: str,
        deadline_ms: int,
        on_trouble: OnTrouble,
        alone: Alone | None = None,
    ) -> None:
        """`alone`: None if a call must not be asked twice."""
        self._find = find
        self._alone = alone
        self._algorithm = algorithm
        self._deadline_ms = deadline_ms
        self._on_trouble = on_trouble
        self._free: deque[Connection] = deque()  # its ends are atomic
        self._closed = False
        self._opening: set[int] = set()  # threads; adding and discarding are atomic

    def opening(self, thread: int) -> bool:
        """Tell whether the call in this thread waits for the host, which may have to be started."""
        return thread in self._opening

    def ask(self, request: wire.Request, most: int) -> Arrays:
        """Return the arrays of the answer. Raises what the plugin did, or what happened to it."""
        framed = wire.frame(request)
        until = time.monotonic() + (self._deadline_ms / 1000 or math.inf)
        try:
            answer = self._asked(framed, most, until)
        except Troubled as error:
            self._on_trouble(error.trouble)
            answer = self._asked_alone(error, framed, most, until)
        if isinstance(answer, wire.Failed):
            raise failed(answer)
        return answer

    def close(self) -> None:
        """Close them; those in use once they have their answer."""
        self._closed = True
        self._forget()

    def _asked(self, framed: bytearray, most: int, until: float) -> Arrays | wire.Failed:
        """Ask the host; the next one if it died before it had read the call."""
        for _ in range(DEATHS):
            try:
                return self._answer(self._send(framed), most)
            except Troubled as error:
                if error.heard:
                    raise
                self._on_trouble(error.trouble)
            if time.monotonic() > until:
                break
        raise unreachable(self._algorithm)

    def _asked_alone(
        self, first: Troubled, framed: bytearray, most: int, until: float
    ) -> Arrays | wire.Failed:
        """Ask a suspect once more. Raises what is said of it if that brings no answer in time."""
        guilty = in_words(first.trouble, self._algorithm, self._deadline_ms)
        if self._alone is None or first.trouble != "ended":
            raise guilty from first
        patience = min(until, time.monotonic() + DYING_S)
        while True:
            try:
                with self._alone(_left(until)) as path:
                    return _asked_once(path, framed, most, _left(until))
            except Troubled as error:
                if error.heard:
                    raise guilty from error
                if time.monotonic() > patience:
                    raise unreachable(self._algorithm) from error
            except MinervaError as error:
                raise guilty from error
            time.sleep(POLL_S)  # the suspect before this one has just ended it

    def _send(self, framed: bytearray) -> Connection:
        """Send on a connection; those to a host that was restarted since fail here, before it hears."""
        while (free := self._take()) is not None:
            with suppress(ConnectionError):
                free.send(framed)
                return free
        opened = self._open()
        try:
            opened.send(framed)
        except ConnectionError as error:
            raise Troubled("ended", heard=False) from error
        return opened

    def _take(self) -> Connection | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _open(self) -> Connection:
        if self._closed:
            raise Unavailable("This model was taken out of service; ask again.")
        self._opening.add(get_ident())
        try:
            return self._found()
        finally:
            self._opening.discard(get_ident())

    def _found(self) -> Connection:
        timeout_s = self._deadline_ms / 1000 or None
        until = time.monotonic() + min(timeout_s or math.inf, DYING_S)
        while True:
            try:
                return Connection(self._find(), timeout_s)
            except OSError as error:  # it ended since, or is about to
                if time.monotonic() > until:
                    raise unreachable(self._algorithm) from error
            time.sleep(POLL_S)

    def _answer(self, connection: Connection, most: int) -> Arrays | wire.Failed:
        try:
            answer = _read(connection.answer(most))
        except BaseException:  # an answer that comes later must not be taken for the next one's
            connection.close()
            raise
        self._free.append(connection)
        if self._closed:
            self._forget()
        return answer

    def _forget(self) -> None:
        while (free := self._take()) is not None:
            free.close()


def _left(until: float) -> float | None:
    """Return the seconds left, None if there is no limit, next to none if it is over."""
    return None if until == math.inf else max(0.001, until - time.monotonic())


def _asked_once(
    path: str, framed: bytearray, most: int, timeout_s: float | None
) -> Arrays | wire.Failed:
    """Ask on a connection of its own. Raises Troubled, not `heard` if nobody was there to hear."""
    try:
        with closing(Connection(path, timeout_s)) as connection:
            connection.send(framed)
            return _read(connection.answer(most))
    except OSError as error:
        raise Troubled("ended", heard=False) from error


def _read(answer: wire.Answer) -> Arrays | wire.Failed:
    if isinstance(answer, wire.Failed):
        return answer
    try:
        if isinstance(answer, wire.Predicted):
            return {sent.name: wire.unpack_array(sent) for sent in answer.outputs}
    except wire.Garbled as error:
        raise Troubled("garbled") from error
    raise Troubled("garbled")


class HostedModel:
    """Satisfies `minerva.algorithm.Model`; thread-safe."""

    def __init__(self, connections: Connections, schema: Schema, files: Path | None) -> None:
        self._connections = connections
        self._layout = wire.Layout(schema)
        self._files = files

    def starting(self, thread: int) -> bool:
        """Tell whether a thread's call waits for the process to start: it is late, and nobody's fault."""
        return self._connections.opening(thread)

    def predict(self, batch: Batch) -> Predictions:
        """Ask the host.

        Raises AlgorithmFailed, DeadlineExceeded, Unavailable, or what the plugin raised of
        minerva.errors.
        """
        until = UNTIL.get()
        left_s = None if until == math.inf else until - time.monotonic()
        return self._ask(wire.Predict(self._layout.pack(batch), left_s), batch)

    def save(self, folder: Path) -> None:
        """Copy the model's files."""
        if self._files is None:
            raise Unavailable("The files of this model are not at hand here.")
        shutil.copytree(self._files, folder, dirs_exist_ok=True, symlinks=True)

    def close(self) -> None:
        """Close the connections; the process itself is its keeper's."""
        self._connections.close()

    def _ask(self, request: wire.Request, batch: Batch) -> Arrays:
        return self._connections.ask(request, self._layout.longest_answer(len(batch)))


class ExplainingHostedModel(HostedModel):
    """One whose plugin can say why: satisfies `minerva.algorithm.Explains` too."""

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Return contributions, float of shape (n, features); checked, as a host is not trusted."""
        arrays = list(self._ask(wire.Explain(self._layout.pack(batch)), batch).values())
        expected = (len(batch), len(batch.schema.features))
        if len(arrays) != 1 or arrays[0].shape != expected:
            raise AlgorithmFailed(f"The model's explanation is not of shape {expected}.")
        return arrays[0]


def hosted_model(
    find: Find,
    *,
    algorithm: str,
    schema: Schema,
    explains: bool,
    files: Path | None = None,
    deadline_ms: int = 0,
    on_trouble: OnTrouble = lambda trouble: None,  # noqa: ARG005 - the name says what it is given
    alone: Alone | None = None,
) -> HostedModel:
    """Return the model of a host; `files` is what `save` copies, the `model/` of version or scratch."""
    kind = ExplainingHostedModel if explains else HostedModel
    return kind(Connections(find, algorithm, deadline_ms, on_trouble, alone), schema, files)
