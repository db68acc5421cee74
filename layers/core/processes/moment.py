"""What the loop answers itself of one moment: requests that came while it answered the last ones.

They are read first, then answered together where they ask the same, then sent. So what one step needs
stays in the processor's caches, and a model may be asked for several callers at once (docs/adr/0033).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

from minerva.layers.core.processes.connection import Connection
from minerva.layers.core.processes.exchange import Answer

MOST_TOGETHER = 16
"""Requests; the first of more would wait for the last."""
Together = Callable[[Sequence[tuple[dict[str, Any], Callable[..., Any]]]], Sequence[Answer]]
"""Answers the calls of a WSGI application that came at one moment; see `http.shortcut.Shortcuts`."""


class Moment:
    """Who asked what, by request line."""

    def __init__(self) -> None:
        self._came: dict[bytes, list[Connection]] = {}

    def add(self, line: bytes, conn: Connection) -> None:
        """Note a request that is there."""
        self._came.setdefault(line, []).append(conn)

    def groups(self) -> Iterator[tuple[bytes, list[Connection]]]:
        """Give those that ask the same, some at a time, and begin anew."""
        came, self._came = self._came, {}
        for line, conns in came.items():
            for start in range(0, len(conns), MOST_TOGETHER):
                yield line, conns[start : start + MOST_TOGETHER]


def prepare(conns: Sequence[Connection], together: Together | None) -> None:
    """Have the requests of connections read, and answered as far as that is done for several at once."""
    for conn in conns:
        conn.deliver()
    if together is None or len(conns) == 1:
        return
    exchanges = [one for one in [conn.look_ahead() for conn in conns] if one is not None]
    answers: Sequence[Answer]
    try:
        answers = together([one.call for one in exchanges])
    except Exception as error:  # noqa: BLE001 - each request tells it in its turn
        answers = [partial(_fail, error) for _ in exchanges]
    for exchange, answer in zip(exchanges, answers, strict=True):
        exchange.answer = answer


def _fail(error: Exception) -> NoReturn:
    raise error
