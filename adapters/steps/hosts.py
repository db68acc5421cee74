"""Asking hosts that a flow lists, over connections to addresses that were checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.outward.getting import asked, connected
from minerva.adapters.outward.timed_socket import TimedSocket
from minerva.errors import InvalidInput, MinervaError, Unavailable

HEAD = 64 * 1024
"""Bytes that an answer may have beside its content."""


@dataclass(frozen=True)
class Hosts:
    """Those that may be asked, and how they are reached."""

    names: Sequence[str]
    connecting: Connecting

    @contextmanager
    def answer(self, url: str, deadline: float, most_bytes: int) -> Iterator[HTTPResponse]:
        """Ask for a URL; of its content no more can be read than `most_bytes`, and nothing later.

        `deadline` is a time of `time.monotonic()`. Raises InvalidInput for a URL that is not allowed or
        holds nothing, NotPermitted for a private address, Unavailable for what may pass.
        """
        host = self._allowed(url)
        try:
            plain = connected(url, self.connecting, deadline)
            with TimedSocket(plain, deadline, most_bytes + HEAD) as connection:
                response = asked(url, connection)
                _check_status(response.status, host)
                yield response
        except MinervaError:
            raise
        except (OSError, HTTPException) as error:
            raise Unavailable(
                f"{host} could not be asked ({type(error).__name__}): is it up?"
            ) from error

    def _allowed(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, scheme = parts.hostname or "", parts.scheme.lower()
            _ = parts.port
        except ValueError as error:
            raise InvalidInput("The URL cannot be read.") from error
        if scheme not in {"http", "https"}:
            raise InvalidInput("The URL is neither http nor https.")
        if host not in self.names:
            raise InvalidInput("The URL's host is none of the `hosts` that the flow lists.")
        return host


def _check_status(status: int, host: str) -> None:
    if status == HTTPStatus.OK:
        return
    message = f"{host} answered {status}."
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unavailable(message)
    raise InvalidInput(message)
