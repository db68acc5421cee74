"""What is asked of a host besides predictions: how it is, to train, to look into a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from minerva.algorithm import Inspected, Progress, TrainingData
from minerva.errors import MinervaError
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.connection import (
    Connection,
    Troubled,
    failed,
    in_words,
    unreachable,
)

CHUNK_BYTES = 16 * 1024 * 1024
SMALL = 1024 * 1024


def ping(socket: str, timeout_s: float, algorithm: str = "") -> wire.Pong:
    """Ask a host how it is. Raises Unavailable if it is gone or does not answer in time."""
    try:
        with _connected(socket, algorithm, timeout_s) as connection:
            connection.send(wire.frame(wire.Ping()))
            answer = connection.answer(SMALL)
    except MinervaError as error:
        raise unreachable(algorithm) from error
    if not isinstance(answer, wire.Pong):
        raise unreachable(algorithm)
    return answer


def train(
    socket: str, *, algorithm: str, data: TrainingData, seed: int, progress: Progress
) -> bool:
    """Train in a host that was started without a folder; return whether its model explains.

    Its files are in `<scratch>/model` then, and a `hosted_model` may ask it. No time limit: kill the
    host. Raises what the plugin raised.
    """
    with _connected(socket, algorithm, None) as connection:
        for part in _parts(data):
            connection.send(wire.frame(part))
        connection.send(wire.frame(wire.Train(seed)))
        while isinstance(answer := connection.answer(SMALL), wire.Progress):
            progress(min(1.0, max(0.0, answer.fraction)), answer.message)
    match answer:
        case wire.Trained(explains):
            return explains
        case wire.Failed():
            raise failed(answer)
    raise in_words("garbled", algorithm, 0)


def inspect(socket: str, *, algorithm: str, path: Path, timeout_s: float) -> Inspected:
    """Let the host's algorithm look into a model file. Raises what the plugin raised."""
    with _connected(socket, algorithm, timeout_s) as connection:
        connection.send(wire.frame(wire.Inspect(str(path))))
        answer = connection.answer(16 * SMALL)
    match answer:
        case wire.Looked(inspected):
            try:
                return msgspec.json.decode(inspected, type=Inspected)
            except msgspec.DecodeError as error:
                raise in_words("garbled", algorithm, 0) from error
        case wire.Failed():
            raise failed(answer)
    raise in_words("garbled", algorithm, 0)


def _parts(data: TrainingData) -> Iterator[wire.Rows]:
    layout = wire.Layout(data.inputs.schema)
    at_once = max(1, CHUNK_BYTES // max(1, layout.row_bytes))
    for first in range(0, max(1, len(data)), at_once):
        part = data.take(np.arange(first, min(first + at_once, len(data))))
        targets = [wire.pack_array(name, column) for name, column in part.targets.items()]
        yield wire.Rows(layout.pack(part.inputs), targets)


@contextmanager
def _connected(socket: str, algorithm: str, timeout_s: float | None) -> Iterator[Connection]:
    """Connect for one conversation, whose trouble becomes an error of ours."""
    try:
        connection = Connection(socket, timeout_s)
    except OSError as error:
        raise unreachable(algorithm) from error
    try:
        yield connection
    except Troubled as error:
        raise in_words(error.trouble, algorithm, (timeout_s or 0) * 1000) from error
    except ConnectionError as error:
        raise in_words("ended", algorithm, 0) from error
    finally:
        connection.close()
