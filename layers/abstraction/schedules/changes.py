"""What becomes of a clock's times where the clock is changed: skipped, shown twice, or as ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def first_shown(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the moment (UTC) when a zone's clock first shows `wall`, or first skips it.

    `wall` has no zone and is a whole minute.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while moment.astimezone(zone).replace(tzinfo=None) != wall:
        wall += MINUTE  # inside the gap: on to its end
        moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment


def first_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """Return the first moment (UTC) after `start`, up to `end`, at which the clock was changed.

    Changes are looked for by the day; two of them on one day have never been made.
    """
    before = start.astimezone(zone).utcoffset()
    known = start
    while known < end:
        ahead = min(known + DAY, end)
        if ahead.astimezone(zone).utcoffset() != before:
            return _halve(zone, known, ahead)
        known = ahead
    return None


def _halve(zone: ZoneInfo, before: datetime, changed: datetime) -> datetime:
    """Close in on the first second with the offset of `changed`."""
    offset = before.astimezone(zone).utcoffset()
    while (between := int((changed - before).total_seconds())) > 1:
        middle = before + timedelta(seconds=between // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            changed = middle
    return changed.astimezone(UTC)
