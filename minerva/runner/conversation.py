"""One conversation with a runner: a request, then its one answer, then the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec

from minerva.errors import TooLarge
from minerva.runner.answers import Answer, Step, read_line
from minerva.runner.process import MAX_LINE, Program, RunnerProcess

Progress = Callable[[float, str], None]
PROTOCOL = 1
LEAST_MAX_LINE = 4096
GRACE_S = 5.0
"""How long a runner may take to end after `bye`."""


@dataclass(frozen=True)
class Hello:
    """What a runner says of itself."""

    name: str
    version: str
    capabilities: frozenset[str]
    max_line: int


class Conversation:
    """Requests and answers, one at a time; the caller locks. After any failure the runner is gone."""

    def __init__(self, program: Program, max_line: int = MAX_LINE) -> None:
        self.process = RunnerProcess(program, max_line)
        self.hello = Hello("", "", frozenset(), LEAST_MAX_LINE)
        self._number = 0

    @classmethod
    def open(cls, program: Program, within_s: float, max_line: int = MAX_LINE) -> Self:
        """Start a program and greet it. Raises AlgorithmFailed; nothing is left running then."""
        conversation = cls(program, max_line)
        conversation.greet(within_s)
        return conversation

    def greet(self, within_s: float) -> Hello:
        """Say hello and keep what the runner says of itself. Raises AlgorithmFailed."""
        answer = self.ask("hello", within_s, protocol=PROTOCOL)
        try:
            self.hello = _hello(answer.result)
        except ValueError as error:
            self.fail(f"answered hello with {error}")
        return self.hello

    def ask(
        self, request: str, within_s: float, progress: Progress | None = None, **members: Any
    ) -> Answer:
        """Send a request and return its answer.

        Raises AlgorithmFailed for whatever the protocol does not allow, and TooLarge, with the runner
        as it was, for a request that is longer than the runner reads.
        """
        self._number += 1
        line = msgspec.json.encode({"id": self._number, "type": request, **members})
        if len(line) > self.hello.max_line:
            raise TooLarge(
                f"A request for runner `{self.process.program}` has {len(line)} bytes, "
                f"and it reads {self.hello.max_line}: ask for fewer or shorter values."
            )
        return self.exchange(line, self._number, within_s, progress)

    def exchange(
        self, line: bytes, number: int, within_s: float, progress: Progress | None = None
    ) -> Answer:
        """Send a line as it is and return the answer with the id `number`. Raises AlgorithmFailed."""
        deadline = time.monotonic() + within_s
        try:
            self.process.write(line + b"\n", deadline)
            while isinstance(told := self._read(number, deadline), Step):
                if progress is None:
                    self.process.fail("told progress of what is no training")
                progress(told.fraction, told.message)
        except BaseException:  # whoever interrupts leaves an answer behind that nobody waits for
            self.close()
            raise
        return told

    def bye(self, within_s: float = GRACE_S) -> int | None:
        """Let the runner end by itself; return its exit code, or None if it had to be ended."""
        self.ask("bye", within_s)
        self.process.hang_up()
        code = self.process.wait(within_s)
        self.close()
        return code

    def fail(self, what: str) -> None:
        """End the runner and raise AlgorithmFailed: the runner, and what it did."""
        self.close()
        self.process.fail(what)

    def ended(self) -> bool:
        """Tell whether the runner is gone."""
        return self.process.ended()

    def close(self) -> None:
        """End the runner at once. May be repeated."""
        self.process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self, number: int, deadline: float) -> Answer | Step:
        try:
            told = read_line(self.process.read(deadline))
        except ValueError as error:
            self.process.fail(f"sent {error}")
        if told.id != number:
            self.process.fail("answered another request than it was asked")
        return told


def _hello(result: dict[str, Any] | None) -> Hello:
    if result is None:
        raise ValueError("an error")
    match result:
        case {
            "protocol": int(protocol),
            "name": str(name),
            "version": str(version),
            "capabilities": list(capabilities),
            "max_line": int(max_line),
            **rest,
        } if not rest and all(isinstance(item, str) for item in capabilities):
            if protocol != PROTOCOL or protocol is True:
                raise ValueError(f"protocol {protocol}, not {PROTOCOL}")
            if max_line < LEAST_MAX_LINE:
                raise ValueError(f"a max_line below {LEAST_MAX_LINE}")
            return Hello(name, version, frozenset(capabilities), max_line)
        case _:
            raise ValueError("other members than protocol, name, version, capabilities, max_line")
