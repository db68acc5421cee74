"""Following a job's events over streams that break off."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from minerva.client.answers import Document, problem, server_sent
from minerva.client.clock import Clock
from minerva.client.line import Line

RECONNECT_S = 0.2
"""Pause before asking again for events where a stream brought none."""


def follow(line: Line, path: str, clock: Clock) -> Iterator[Document]:
    """Yield what the streams at a path bring, each event once, until there is no more to come."""
    headers = {"Accept": "text/event-stream"}
    while True:
        silent = True
        with line.stream(path, headers) as response:
            if response.status == HTTPStatus.NO_CONTENT:
                return  # the job has ended and everything was told
            if response.status != HTTPStatus.OK:
                raise problem(response.status, response.read())
            for event in server_sent(response):
                silent = False
                if "number" in event:
                    headers["Last-Event-ID"] = str(event["number"])
                yield event
        if silent:
            clock.sleep(RECONNECT_S)
