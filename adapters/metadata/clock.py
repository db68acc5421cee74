"""The time that all processes of an installation go by: the database's, where that has its own clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

ASKED_EVERY_S = 30.0
SKEWED_FROM_S = 5.0
"""A machine whose clock is wrong by more is told of."""

log = structlog.get_logger()


class DatabaseClock:
    """Tells the time of a PostgreSQL server, whatever the clock of this machine shows.

    Leases, pauses and schedules are compared by processes on many machines; the one clock that they
    share is the server's. It is asked now and then; in between this machine's monotonic clock counts
    on, which nobody sets. With SQLite all processes are on one machine, and go by its clock.
    """

    def __init__(self, engine: Engine, own: Callable[[], datetime]) -> None:
        """`own`: the clock of this machine, in UTC."""
        self._engine = engine
        self._own = own
        self._shared = engine.dialect.name == "postgresql"
        self._known: tuple[datetime, float] | None = None
        self._ask_at = 0.0
        self._asking = threading.Lock()
        self._skewed = False

    def now(self) -> datetime:
        """Return the time, in UTC; this machine's as long as the server has not told its own."""
        if not self._shared:
            return self._own()
        if time.monotonic() >= self._ask_at and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        if self._known is None:
            return self._own()
        moment, at = self._known
        return moment + timedelta(seconds=time.monotonic() - at)

    def skew_s(self) -> float:
        """Return by how many seconds this machine's clock is ahead of the one that all go by."""
        return (self._own() - self.now()).total_seconds()

    def _ask(self) -> None:
        """A server that does not answer leaves us with what it told before."""
        before = time.monotonic()
        try:
            with self._engine.connect() as connection:
                before = time.monotonic()  # the connection may have had to be made
                told = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
                after = time.monotonic()
        except SQLAlchemyError:
            self._ask_at = before + (1.0 if self._known is None else ASKED_EVERY_S)
            return
        self._ask_at = after + ASKED_EVERY_S
        self._known = (told.astimezone(UTC), (before + after) / 2)
        self._tell()

    def _tell(self) -> None:
        skew = self.skew_s()
        skewed = abs(skew) > SKEWED_FROM_S
        if skewed and not self._skewed:
            log.warning("clock.skewed", seconds=round(skew, 1))
        if self._skewed and not skewed:
            log.info("clock.agrees", seconds=round(skew, 1))
        self._skewed = skewed
