"""One request on a connection: what the application is given, and how its answer is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import structlog
from gunicorn.http import wsgi
from gunicorn.http.body import LengthReader

from minerva.layers.core.processes.messages import Request, Response

log = structlog.get_logger(layer="core")

Answer = Callable[[], Iterable[bytes]]
"""Starts a response, and gives its body."""


class Exchange:
    """A request that was read, and its response."""

    def __init__(self, request: Any, conn: Any, cfg: Any) -> None:
        self.response, self.environ = wsgi.create(
            request, conn.sock, conn.client, conn.server, cfg, response_class=Response
        )
        self.environ["wsgi.multithread"] = True
        self.answer: Answer | None = None
        """Known where the request was answered together with others."""

    @property
    def status(self) -> int | None:
        """What it was answered with, None if it was not."""
        status: int | None = getattr(self.response, "status_code", None)
        return status

    @property
    def call(self) -> tuple[dict[str, Any], Callable[..., Any]]:
        """What a WSGI application is called with."""
        return self.environ, self.response.start_response

    def end(self, application: Callable[..., Iterable[bytes]]) -> bool:
        """Send the answer, asked of `application` if it is not known; return whether to go on.

        Raises StopIteration if the answer broke off in the middle, else what the application raises.
        """
        try:
            self._send((self.answer or partial(application, *self.call))())
        except OSError:
            raise
        except (Exception, SystemExit):
            if not self.response.headers_sent:
                raise
            log.exception("request.broken_off")
            raise StopIteration from None
        return not self.response.should_close()

    def _send(self, body: Iterable[bytes]) -> None:
        try:
            if isinstance(body, wsgi.FileWrapper):
                self.response.write_file(body)
            else:
                for piece in body:
                    self.response.write(piece)
            self.response.close()
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()


class AheadOfTime:
    """A connection's parser, whose next request may be read before its turn.

    What reading it raises is raised in its turn.
    """

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._read: list[Any] = []
        self._drain = parser.finish_body
        parser.mesg_class = Request
        self.unreader = parser.unreader
        parser.finish_body = self.finish_body

    def look(self) -> Any:
        """Return the next request, None if there is none or it cannot be read."""
        try:
            self._read = [next(self._parser), None]
        except Exception as error:  # noqa: BLE001 - raised again in its turn
            self._read = [None, error]
        return self._read[0]

    def finish_body(self, **limits: Any) -> bool:
        """Drop what the application left of a body; asks the socket nothing where that was all."""
        body: Any = getattr(self._parser.mesg, "body", None)
        reader: Any = getattr(body, "reader", None)
        if type(reader) is LengthReader and not reader.length and not body.failed:
            return True
        done: bool = self._drain(**limits)
        return done

    def __next__(self) -> Any:
        if not self._read:
            return next(self._parser)
        (request, error), self._read = self._read, []
        if error is not None:
            raise error
        return request
