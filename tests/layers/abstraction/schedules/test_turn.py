"""Whose turn it is, from a declaration, a standing and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.schedules.cron import Cron
from minerva.layers.abstraction.schedules.schedule import Declared, Schedule, Watermark
from minerva.layers.abstraction.schedules.turn import (
    declare,
    due,
    from_wrong_clock,
    to_be_asked,
    withdraw,
)
from minerva.layers.abstraction.services.declaration import (
    DataDeclaration,
    WatermarkDeclaration,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ON_TIME = timedelta(minutes=1)


def a_schedule(expression="0 * * * *", revision=1, at=NOON, missed="once"):
    """Return an hourly schedule, declared at noon."""
    declared = Declared("default", "churn", "hourly", revision, at)
    return Schedule(declared, "train", Cron(expression), missed, {})


def a_standing(schedule=None):
    """Return how a schedule stands at first."""
    return declare(schedule or a_schedule(), None)


def test_a_new_schedule_begins_when_it_was_declared():
    standing = a_standing()

    assert (standing.since, standing.moves, standing.declared) == (NOON, 1, True)
    assert due(a_schedule(), standing, NOON, ON_TIME) is None
    assert due(a_schedule(), standing, NOON + HOUR - timedelta(seconds=1), ON_TIME) is None


def test_a_moment_is_due_at_its_very_second():
    come = due(a_schedule(), a_standing(), NOON + HOUR, ON_TIME)

    assert (come.first, come.last, come.late) == (NOON + HOUR, NOON + HOUR, False)


def test_moments_that_went_by_are_one_and_late_if_the_last_is():
    come = due(a_schedule(), a_standing(), NOON + 5.5 * HOUR, ON_TIME)
    assert (come.first, come.last, come.late) == (NOON + HOUR, NOON + 5 * HOUR, True)

    come = due(a_schedule(), a_standing(), NOON + 5 * HOUR + ON_TIME, ON_TIME)
    assert (come.first, come.last, come.late) == (NOON + HOUR, NOON + 5 * HOUR, False)


def test_the_same_rule_in_a_new_revision_goes_on():
    later = a_schedule(revision=2, at=NOON + 3 * HOUR)

    standing = declare(later, a_standing())

    assert (standing.since, standing.revision, standing.moves) == (NOON, 2, 2)


def test_another_rule_begins_anew():
    changed = a_schedule("30 * * * *", revision=2, at=NOON + 3 * HOUR)
    failed = replace(a_standing(), error="No.", job_id="j")

    standing = declare(changed, failed)

    assert standing.since == NOON + 3 * HOUR
    assert (standing.rule, standing.error, standing.job_id) == ("30 * * * * UTC", None, "j")


def test_what_fired_by_a_clock_that_was_ahead_does_not_fire_again_for_a_changed_rule():
    ahead = replace(a_standing(), since=NOON + 5 * HOUR)

    standing = declare(a_schedule("*/5 * * * *", revision=2, at=NOON + 4 * HOUR), ahead)

    assert standing.since == NOON + 5 * HOUR


def test_an_older_configuration_changes_nothing():
    standing = replace(a_standing(), revision=3)

    assert declare(a_schedule("30 * * * *", revision=2), standing) is None
    assert declare(a_schedule("30 * * * *", revision=3), standing) is None
    assert withdraw(standing, 2) is None


def test_a_withdrawn_schedule_that_comes_back_begins_anew():
    gone = withdraw(a_standing(), 2)
    assert (gone.declared, gone.revision, gone.moves) == (False, 2, 2)
    assert withdraw(gone, 3) is None

    back = declare(a_schedule(revision=3, at=NOON + 7 * HOUR), gone)

    assert (back.declared, back.since, back.moves) == (True, NOON + 7 * HOUR, 3)


def test_a_standing_days_ahead_was_left_by_a_wrong_clock():
    standing = replace(a_standing(), since=NOON + 26 * HOUR)

    assert from_wrong_clock(standing, NOON + 2 * HOUR) is None
    assert from_wrong_clock(standing, NOON).since == NOON


@pytest.mark.parametrize(
    ("now", "asked"),
    [(NOON, False), (NOON + timedelta(seconds=59), False), (NOON + timedelta(seconds=60), True),
     (NOON - HOUR, True)],
)  # fmt: skip
def test_a_watermark_is_asked_for_every_so_often(now, asked):
    declared = Declared("default", "churn", "training.watermark", 1, NOON)
    data = DataDeclaration(source="sql", url="sqlite:///a.db", query="select 1")
    watermark = Watermark(declared, data, WatermarkDeclaration(query="select 2"))

    assert to_be_asked(watermark, declare(watermark, None), now) is asked


steps = st.lists(st.integers(-3600, 5400), min_size=1, max_size=60)
expressions = st.sampled_from(["0 * * * *", "*/7 * * * *", "30 2 * * *", "0 3 * * 1-5"])


@given(steps, expressions, st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]))
@settings(max_examples=200, deadline=None)
def test_however_the_clock_goes_no_moment_fires_twice_and_none_is_left_behind(
    steps, expression, zone
):
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    cron = Cron(expression, zone)
    schedule = replace(a_schedule(at=start), cron=cron)
    standing, now, highest, fired = declare(schedule, None), start, start, []
    for step in steps:  # forth and back, by up to an hour and a half
        now += timedelta(seconds=step)
        highest = max(highest, now)
        come = due(schedule, standing, now, ON_TIME)
        if come is not None:
            fired.append(come)
            standing = replace(standing, since=come.last)

    moments = [come.last for come in fired]
    assert moments == sorted(set(moments))
    assert all(one.last < other.first for one, other in pairwise(fired))
    left = cron.last(standing.since, highest)
    assert left is None
