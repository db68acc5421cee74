"""A caller's end of one connection to a host: ask, and read an answer that is not to be trusted."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Literal

import msgspec

from minerva.errors import AlgorithmFailed, DeadlineExceeded, Fault, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.failures import failure

Trouble = Literal["ended", "deadline", "garbled"]
"""ended: the host closed the connection under a call (crash, kill). deadline: no answer in time (ping
it; kill it if that is not answered either). garbled: an answer that is none."""


class Troubled(Exception):
    """A connection of no further use, and why."""

    def __init__(self, trouble: Trouble, *, heard: bool = True) -> None:
        """`heard`: the host may have read all of the request, and so have begun with it."""
        super().__init__(trouble)
        self.trouble = trouble
        self.heard = heard


class Connection:
    """One socket; for one thread at a time."""

    def __init__(self, path: str, timeout_s: float | None) -> None:
        """Connect. Raises OSError."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_s)
            self._socket.connect(path)
        except BaseException:
            self._socket.close()
            raise
        self._frames = wire.Frames(self._socket)

    def send(self, framed: bytearray) -> None:
        """Send a request.

        Raises ConnectionError if the host was gone before it heard all of it, or Troubled; closed then.
        """
        try:
            self._socket.sendall(framed)
        except TimeoutError as error:
            self.close()
            raise Troubled("deadline") from error
        except BaseException:
            self.close()
            raise

    def answer(self, most: int = wire.MAX_FRAME) -> wire.Answer:
        """Return the next answer, of at most so many bytes. Raises Troubled."""
        try:
            body = self._frames.next(most)
            if body is None:
                raise Troubled("ended")
            answer: wire.Answer = wire.answers.decode(body)
        except TimeoutError as error:
            raise Troubled("deadline") from error
        except wire.CutOff as error:
            raise Troubled("ended") from error
        except (wire.Garbled, msgspec.DecodeError) as error:
            raise Troubled("garbled") from error
        except ConnectionResetError as error:  # it left some of the request unread
            raise Troubled("ended", heard=False) from error
        except OSError as error:
            raise Troubled("ended") from error
        return answer

    def close(self) -> None:
        """Close; may be called again."""
        with suppress(OSError):
            self._socket.close()

    def __del__(self) -> None:
        """Close with the last caller of a model that was replaced meanwhile."""
        with suppress(AttributeError):  # there was no descriptor left for it
            self._socket.close()


def failed(answer: wire.Failed) -> MinervaError:
    """Return the error that the host tells of."""
    return failure(answer.code, answer.message, [Fault(*fault) for fault in answer.faults])


def in_words(trouble: Trouble, algorithm: str, deadline_ms: float) -> MinervaError:
    """Return the error to raise for a troubled connection."""
    if trouble == "deadline":
        return DeadlineExceeded(
            f"The model of algorithm {algorithm} did not answer within {deadline_ms:g} ms."
        )
    if trouble == "garbled":
        return AlgorithmFailed(
            f"The process of algorithm {algorithm} gave an answer that cannot be read."
        )
    return AlgorithmFailed(
        f"The process of algorithm {algorithm} ended while it was asked; its log may say why."
    )


def unreachable(algorithm: str) -> Unavailable:
    """Return the error for a host that takes no connection."""
    return Unavailable(f"The process of algorithm {algorithm} cannot be reached; try again.")
