"""The connections to one sidecar: a thread takes an idle one or makes one, and leaves it to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPResponse

from minerva.client.address import Address, Limit
from minerva.client.answers import Answer, retry_after_s
from minerva.client.connection import Connection, Request

MOST_IDLE = 32
"""So many connections are kept; more are made where more threads ask at once."""


class Transport:
    """Asks once and reads; for any number of threads. Raises OSError and HTTPException."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: deque[Connection] = deque()  # its ends are safe to use from several threads

    def exchange(self, request: Request, limit: Limit, *, fresh: bool) -> Answer:
        """Return an answer, read to its end.

        `fresh`: on a connection of its own, for what must not happen twice: a kept one may just be ending,
        and then nobody would know what had happened.
        """
        connection = None if fresh else self._kept()
        if connection is None:
            connection = Connection(self._address, limit)
        connection.limit = limit
        try:
            response = connection.ask(request)
            content = response.read()
        except BaseException:
            connection.hang_up()
            raise
        if response.will_close or len(self._idle) >= MOST_IDLE:
            connection.hang_up()
        else:
            self._idle.append(connection)
        told = response.headers.get("Retry-After", "")
        return Answer(response.status, content, retry_after_s(told, datetime.now(UTC)))

    @contextmanager
    def stream(self, request: Request, limit: Limit) -> Iterator[HTTPResponse]:
        """Lend an answer whose body is read while it comes, on a connection of its own."""
        connection = Connection(self._address, limit)
        try:
            yield connection.ask(request)
        finally:
            connection.hang_up()

    def close(self) -> None:
        """Hang up what is idle; a later call connects again."""
        while connection := self._taken():
            connection.hang_up()

    def _kept(self) -> Connection | None:
        """Return the idle connection that was used last and still lives, if any."""
        while connection := self._taken():
            if connection.usable():
                return connection
            connection.hang_up()
        return None

    def _taken(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:  # another thread took the last one
            return None
