"""Cron expressions in time zones, also on the days when clocks are changed.

An expression that names its hours (`30 2 * * *`) means the clock on the wall: a time that the clock skips
fires once, at the first moment after the gap; a time that it shows twice fires the first time only. An
expression with `*` in its hours (`*/15 * * * *`) is a rhythm: it fires whenever the clock shows such a
time, so an hourly job runs in every hour that passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from minerva.layers.abstraction.schedules.changes import first_change, first_shown
from minerva.spelling import hint

FIELDS = 5
HOURS = 1
SECOND = timedelta(seconds=1)
SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))
SOMETIME = datetime(2024, 1, 1, tzinfo=UTC)
"""Where the search begins for whether an expression ever fires; weekdays and leap years come around."""


@dataclass(frozen=True)
class Cron:
    """A checked expression of five fields, in a known zone of the IANA database."""

    expression: str
    timezone: str = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose clock is meant."""
        return ZoneInfo(self.timezone)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments named after `moment`, in UTC, none twice; ends after some fifty years."""
        if self.expression.split()[HOURS].startswith("*"):
            return self._as_often_as_shown(moment)
        return self._once_each(moment)

    def last(self, after: datetime, until: datetime) -> datetime | None:
        """Return the newest moment named after `after` and up to `until`, however long that is."""
        for span in (*SPANS, until - after):
            start = max(after, until - span)
            named = [*takewhile(lambda moment: moment <= until, self.after(start))]
            if named:
                return named[-1]
            if start == after:
                break
        return None

    def _once_each(self, moment: datetime) -> Iterator[datetime]:
        zone, last = self.zone, moment
        for shown in _shown(self.expression, _wall(moment, zone)):
            fires = first_shown(zone, shown)
            if fires > last:
                last = fires
                yield fires

    def _as_often_as_shown(self, moment: datetime) -> Iterator[datetime]:
        """Go from one change of the clock to the next: between them its time only grows."""
        zone = self.zone
        start = _wall(moment, zone)
        at: datetime | None = moment
        while at is not None:
            offset = at.astimezone(zone).utcoffset() or timedelta()
            change = None
            for shown in _shown(self.expression, start):
                fires = (shown - offset).replace(tzinfo=UTC)
                change = first_change(zone, at, fires)
                if change is not None:
                    start = _wall(change, zone) - SECOND
                    break
                at = fires
                yield fires
            at = change


def wrong_expression(expression: str) -> str | None:
    """Say what is wrong with an expression; None: nothing, and it fires some day."""
    from cronsim import CronSimError

    if len(expression.split()) > FIELDS:
        return "not a cron expression of five fields: seconds are not known here"
    try:
        fires = next(_shown(expression, SOMETIME.replace(tzinfo=None)), None)
    except CronSimError as error:
        return f"not a cron expression of five fields: {error}"
    return None if fires else "names no moment of the next fifty years"


def wrong_timezone(name: str) -> str | None:
    """Say what is wrong with the name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path or no text; a folder of zones
        said = hint(name, sorted(available_timezones()), "write one such as Europe/Berlin")
        return f"not a time zone; {said}"
    return None


def _shown(expression: str, start: datetime) -> Iterator[datetime]:
    """Yield the clock's times after `start`, both without a zone."""
    from cronsim import CronSim

    return CronSim(expression, start)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
