"""Letting the requests that are being answered end before the program does."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

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
        return _Answer(answer, partial(self._count, -1))

    def drained(self, within: float) -> bool:
        """Wait until no answer is under way, `within` seconds; tell whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, within)

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            self._changed.notify_all()


class _Answer:
    """An answer that ends once: when it is closed, or else when it is forgotten.

    The server forgets to close one whose connection breaks while it discards what came after the
    request; a file that it was reading, and our count, would stay open.
    """

    def __init__(self, answer: Iterable[bytes], ended: Callable[[], None]) -> None:
        self._answer = answer
        self._ended: Callable[[], None] | None = ended

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        close = getattr(self._answer, "close", None)
        try:
            if close is not None:
                close()
        finally:
            ended()

    __del__ = close
