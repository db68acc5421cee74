"""A job's history as server-sent events, until it ended, time is up, or this process must stop.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState
from minerva.layers.core.http.house import House

POLL_S = 0.25
QUIET_S = 15
"""A comment after so much silence shows proxies, and us, that the line still stands."""


def event_json(event: JobEvent) -> dict[str, Any]:
    """Return what a caller may see of an event."""
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "state": event.state.value,
        "attempt": event.attempt,
        "message": event.message,
    }


class JobEvents:
    """Streams of events; bounds how many there are at once, since each holds a thread."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._places = threading.BoundedSemaphore(house.max_streams)

    def stream(self, tenant: str, job_id: str, after: int) -> Response:
        """Return a response that goes on until the job ended, or `stream_limit_s`.

        204 once there is nothing more to come: that stops a browser's EventSource from coming back.
        """
        events = self._house.jobs.events(tenant, job_id, after)
        if not events and self._house.jobs.get(tenant, job_id).state.ended:
            return Response(status=HTTPStatus.NO_CONTENT)
        if not self._places.acquire(blocking=False):
            raise Unavailable("Too many event streams are open: ask for JSON instead, or later.")
        place = _Place(self._places)
        response = Response(
            _Lines(self._lines(tenant, job_id, after), place), mimetype="text/event-stream"
        )
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _lines(self, tenant: str, job_id: str, after: int) -> Iterator[bytes]:
        house = self._house
        ends_at = time.monotonic() + house.stream_limit_s
        spoke_at = time.monotonic()
        told: bytes = b""
        yield b"retry: 1000\n\n"
        while True:
            try:
                job = house.jobs.get(tenant, job_id)  # before the events: none is missed
                events = house.jobs.events(tenant, job_id, after)
            except MinervaError:
                return  # headers are sent; the reader comes back and gets a problem
            for event in events:
                after = event.number
                spoke_at = time.monotonic()
                yield _message(event)
            progress = _progress(job)
            if job.state is JobState.RUNNING and progress != told:
                told, spoke_at = progress, time.monotonic()
                yield told
            if job.state.ended or time.monotonic() >= ends_at or house.draining.wait(POLL_S):
                return
            if time.monotonic() - spoke_at > QUIET_S:
                spoke_at = time.monotonic()
                yield b": still here\n\n"


class _Place:
    """One of the bounded places; given back once, whoever notices the end."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places: threading.BoundedSemaphore | None = places

    def leave(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()


class _Lines:
    """What the server iterates over; it calls `close` even if the reader went before the first line."""

    def __init__(self, lines: Iterator[bytes], place: _Place) -> None:
        self._lines = lines
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def close(self) -> None:
        self._place.leave()


def _message(event: JobEvent) -> bytes:
    data = msgspec.json.encode(event_json(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.state.value.encode(), data)


def _progress(job: Job) -> bytes:
    """Without an id: a reader that comes back needs the newest one only."""
    told = {"progress": job.progress, "message": job.message, "seconds_left": job.seconds_left}
    return b"event: progress\ndata: %s\n\n" % msgspec.json.encode(told)
