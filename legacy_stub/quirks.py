"""The bad habits of old products, on demand, so that their neighbours can be tested."""

import enum
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SPARED = ("/static/", "/health")


class Quirk(enum.StrEnum):
    """What `LEGACY_QUIRKS` may name."""

    SLOW = "slow"
    FAILING = "failing"
    LATIN_1 = "latin-1"
    DECIMAL_COMMAS = "decimal-commas"


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly an answer trickles: seconds before each piece, and the bytes in one piece."""

    pause: float = 0.05
    piece: int = 4096


class Trickling:
    """WSGI middleware: answers arrive in small pieces with a pause before each."""

    def __init__(self, app: "WSGIApplication", stop: threading.Event, pace: Pace) -> None:
        self._app = app
        self._stop = stop
        self._pace = pace

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer as the wrapped application does, only slower."""
        answer = self._app(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(_SPARED):
            return answer
        return self._pieces(answer)

    def _pieces(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for part in answer:
                for start in range(0, len(part), self._pace.piece):
                    self._stop.wait(self._pace.pause)
                    yield part[start : start + self._pace.piece]
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


class Failing:
    """WSGI middleware: every third request is a 500, but for style sheets and the health probe."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._count = itertools.count(1)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer as the wrapped application does, two times of three."""
        spared = environ.get("PATH_INFO", "").startswith(_SPARED)
        if spared or next(self._count) % 3:
            return self._app(environ, start_response)
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"Internal Server Error\n"]


def with_quirks(
    app: "WSGIApplication", quirks: frozenset[Quirk], stop: threading.Event
) -> "WSGIApplication":
    """Wrap `app` in the quirks that concern every answer; `stop` cuts the pauses short."""
    if Quirk.FAILING in quirks:
        app = Failing(app)
    if Quirk.SLOW in quirks:
        app = Trickling(app, stop, Pace())
    return app
