"""Whose turn it is: pure decisions about a schedule, its standing and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from minerva.layers.abstraction.schedules.schedule import Schedule, Starter, Watermark
from minerva.layers.abstraction.schedules.store import Standing

AHEAD = timedelta(days=1)
"""A standing so far in the future was left by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Due:
    """Moments of a schedule that have come and are not dealt with."""

    first: datetime
    last: datetime
    late: bool
    """Whether even the last one came while no clock was running."""


def declare(starter: Starter, standing: Standing | None) -> Standing | None:
    """Return how a declared schedule stands from now on; None: as it did.

    A new schedule, and one with another rule, begins when it was declared: it makes up for nothing
    before. The standing never goes back in time, so nothing fires twice. What an older configuration
    says about a schedule is passed over: its reader is about to learn of the newer one.
    """
    declared = starter.declared
    if standing is None:
        return Standing(*declared.key, declared.revision, starter.rule, True, declared.at, 1)
    if declared.revision <= standing.revision:
        return None
    again = replace(
        standing,
        revision=declared.revision,
        rule=starter.rule,
        declared=True,
        moves=standing.moves + 1,
    )
    if standing.declared and standing.rule == starter.rule:
        return again
    return replace(again, since=max(standing.since, declared.at), error=None, value=None)


def withdraw(standing: Standing, revision: int) -> Standing | None:
    """Return how a schedule stands that a service's configuration does not declare; None: as it did."""
    if not standing.declared or revision <= standing.revision:
        return None
    return replace(standing, revision=revision, declared=False, moves=standing.moves + 1)


def due(schedule: Schedule, standing: Standing, now: datetime, on_time: timedelta) -> Due | None:
    """Return what has come up to `now`; a moment longer ago than `on_time` counts as missed."""
    first = next(schedule.cron.after(standing.since), None)
    if first is None or first > now:
        return None
    last = schedule.cron.last(standing.since, now) or first
    return Due(first, last, late=now - last > on_time)


def done_by(schedule: Schedule, standing: Standing, come: Due, started: datetime) -> datetime:
    """Return up to when all is dealt with by a job that another clock had started, and then was killed.

    It made up for what had come by then; what has come since is still to be dealt with.
    """
    covered = schedule.cron.last(standing.since, started) if started > standing.since else None
    return min(max(covered or come.first, come.first), come.last)


def from_wrong_clock(standing: Standing, now: datetime) -> Standing | None:
    """Return the standing taken back to `now` if only a clock that was days ahead can have left it."""
    if standing.since - now <= AHEAD:
        return None
    return replace(standing, since=now, moves=standing.moves + 1)


def to_be_asked(watermark: Watermark, standing: Standing, now: datetime) -> bool:
    """Tell whether the value is to be asked for again; also after a clock went back."""
    every = timedelta(seconds=watermark.watermark.every_s)
    return not timedelta(0) <= now - standing.since < every
