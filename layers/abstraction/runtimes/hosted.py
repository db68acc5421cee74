"""A model that runs in a process of its own, as its callers see it: an ordinary model."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import Any

from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import AlgorithmFailed, Unavailable
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.connection import (
    Connection,
    Trouble,
    Troubled,
    failed,
    in_words,
    unreachable,
)
from minerva.schema import Batch, Schema

Find = Callable[[], str]
"""Returns the path of the host's socket, starting the host if need be. Called whenever a connection
is opened, and once more when that one is refused. Raises Unavailable."""
OnTrouble = Callable[[Trouble], None]
Arrays = dict[str, NDArray[Any]]


class Connections:
    """The open connections of one model: as many as there were callers at once, none closed early."""

    def __init__(self, find: Find, algorithm: str, deadline_ms: int, on_trouble: OnTrouble) -> None:
        self._find = find
        self._algorithm = algorithm
        self._deadline_ms = deadline_ms
        self._on_trouble = on_trouble
        self._free: deque[Connection] = deque()  # its ends are atomic
        self._closed = False
        self._opening: set[int] = set()  # threads; adding and discarding are atomic

    @property
    def opening(self) -> bool:
        """Whether a caller waits for the host to be found, which may have to be started."""
        return bool(self._opening)

    def ask(self, request: wire.Request, most: int) -> Arrays:
        """Return the arrays of the answer. Raises what the plugin did, or what happened to it."""
        try:
            connection = self._send(wire.frame(request))
            answer = self._answer(connection, most)
        except Troubled as error:
            self._on_trouble(error.trouble)
            raise in_words(error.trouble, self._algorithm, self._deadline_ms) from error
        if isinstance(answer, wire.Failed):
            raise failed(answer)
        return answer

    def close(self) -> None:
        """Close them; those in use once they have their answer."""
        self._closed = True
        self._forget()

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
            raise Troubled("ended") from error
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
        try:
            return Connection(self._find(), timeout_s)
        except OSError:  # it ended since, or is about to
            try:
                return Connection(self._find(), timeout_s)
            except OSError as error:
                raise unreachable(self._algorithm) from error

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

    @property
    def starting(self) -> bool:
        """Whether callers wait for its process to start: it is late, and not to blame for it."""
        return self._connections.opening

    def predict(self, batch: Batch) -> Predictions:
        """Ask the host.

        Raises AlgorithmFailed, DeadlineExceeded, Unavailable, or what the plugin raised of
        minerva.errors.
        """
        return self._ask(wire.Predict(self._layout.pack(batch)), batch)

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
) -> HostedModel:
    """Return the model of a host; `files` is what `save` copies, the `model/` of version or scratch."""
    kind = ExplainingHostedModel if explains else HostedModel
    return kind(Connections(find, algorithm, deadline_ms, on_trouble), schema, files)
