"""Letting the requests that are being answered end before the program does."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Draining:
    """WSGI middleware that knows how many answers are under way, to their last byte."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._under_way = 0
        self._changed = threading.Condition()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer as the wrapped application does."""
        self._count(+1)
        try:
            answer = self._app(environ, start_response)
        except BaseException:
            self._count(-1)
            raise
        return ClosingIterator(answer, lambda: self._count(-1))

    def drained(self, within: float) -> bool:
        """Wait until no answer is under way, `within` seconds; tell whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, within)

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            self._changed.notify_all()
