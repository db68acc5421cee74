"""What the keeper of models' processes is asked and what it answers: a JSON line each."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from minerva.errors import Fault, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes.failures import failure
from minerva.layers.abstraction.runtimes.spec import HostSpec

SOCKET = "hosts.sock"
"""In the run folder."""
LOCK = "hosts.lock"
"""Held by the keeper as long as it lives."""
MAX_LINE = 4 * 1024 * 1024
START_LIMIT_S = 120.0
"""How long a process may take until its model is loaded."""
PLACED_LATER = {"scratch": "/later", "socket": "/later/s"}
"""A spec's places before the keeper has chosen them."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16,64}$(?!\n)")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[\w-][\w.-]{0,200}$(?!\n)")]


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Keeps the keeper alive, and what this client asked for, until the connection ends."""

    client: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True, tag="model"):
    """Start the host unless it runs, and hold it for this client."""

    client: str
    key: Key
    digest: str
    spec: HostSpec
    python: str
    log_name: FileName
    idle_s: float


class Troubled(msgspec.Struct, frozen=True, tag="trouble"):
    """A call went wrong: see whether the host is well, and end it if it is not."""

    key: Key
    kind: Literal["ended", "deadline", "garbled"]


class Dropped(msgspec.Struct, frozen=True, tag="drop"):
    """This client asks for it no more."""

    client: str
    key: Key


class Listed(msgspec.Struct, frozen=True, tag="list"):
    """For diagnosis."""


Question = Hello | Wanted | Troubled | Dropped | Listed


class HostFacts(msgspec.Struct, frozen=True):
    """One running host."""

    key: str
    digest: str
    algorithm: str
    pid: int
    rss_bytes: int
    calls: int
    busy_s: float
    idle_s: float


class Problem(msgspec.Struct, frozen=True):
    """An error of ours on its way to the caller."""

    code: str
    message: str
    faults: tuple[Fault, ...] = ()
    retry_after_s: int = 1

    @classmethod
    def of(cls, error: MinervaError) -> Problem:
        """Return what is told of an error."""
        return cls(error.code, error.message, error.faults, getattr(error, "retry_after_s", 1))

    def error(self) -> MinervaError:
        """Return the error again."""
        if self.code == Unavailable.code:
            return Unavailable(self.message, retry_after_s=self.retry_after_s)
        return failure(self.code, self.message, self.faults)


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """To every question."""

    socket: str = ""
    explains: bool = False
    hosts: tuple[HostFacts, ...] = ()
    stranger: bool = False
    """The client has not said hello to this keeper: it asked another one, which is gone."""
    error: Problem | None = None


questions = msgspec.json.Decoder(Question)
answers = msgspec.json.Decoder(Answer)


def line(message: Question | Answer) -> bytes:
    """Return a message as it is sent."""
    return msgspec.json.encode(message) + b"\n"
