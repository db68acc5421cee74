"""Spans of time that reports are made of: equally long, the last one ends now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.monitoring.store import Span

MOST_WINDOWS = 400
LONGEST = timedelta(days=3650)
SHORTEST = timedelta(minutes=1)
NAMED = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


@dataclass(frozen=True)
class Windows:
    """How far a report looks back, and in which steps."""

    until: datetime
    back: timedelta
    step: timedelta

    @classmethod
    def read(cls, now: datetime, days: float, window: str) -> Windows:
        """Return the windows that a caller names. Raises InvalidInput."""
        if window not in NAMED:
            raise _misfit("window", f"expected one of {', '.join(NAMED)}")
        if math.isnan(days) or not SHORTEST <= (back := _days(days)) <= LONGEST:
            raise _misfit("days", f"expected days, up to {LONGEST.days}")
        step = NAMED[window]
        if back / step > MOST_WINDOWS:
            raise _misfit("window", f"makes more than {MOST_WINDOWS} windows; ask for longer ones")
        return cls(now, back, min(step, back))

    @property
    def since(self) -> datetime:
        """When the first window begins."""
        return self.until - self.back

    def spans(self, tenant: str, service: str) -> list[Span]:
        """Return the windows, oldest first; the first may be shorter than the others."""
        spans, until = [], self.until
        while until > self.since:
            since = max(until - self.step, self.since)
            spans.append(Span(tenant, service, since, until))
            until = since
        return spans[::-1]

    def whole(self, tenant: str, service: str) -> Span:
        """Return all windows as one span."""
        return Span(tenant, service, self.since, self.until)


def place(moment: datetime, spans: Sequence[Span]) -> int:
    """Return which of a report's spans holds a moment that one of them holds."""
    last = spans[-1]
    back = math.ceil((last.until - moment) / (last.until - last.since))
    return max(0, len(spans) - max(1, back))


def told(span: Span) -> dict[str, Any]:
    """Return how a report names a span."""
    return {
        "since": span.since.isoformat(timespec="seconds"),
        "until": span.until.isoformat(timespec="seconds"),
    }


def _days(days: float) -> timedelta:
    try:
        return timedelta(days=days)
    except (OverflowError, ValueError):  # beyond all calendars, or no number
        return timedelta(0)


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The request's parameters do not fit.", faults=[Fault(where, message)])
