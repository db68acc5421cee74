"""Clocks that are killed, set forward and back, or were wrong: nothing is lost and nothing fires twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tiny import named


def at(moment):
    """Return a moment as keys tell it."""
    return f"{moment:%Y-%m-%dT%H:%M}"


class Killed(BaseException):
    """What becomes of a clock that is killed."""


class Dying:
    """A store whose clock is killed when it moves a row."""

    def __init__(self, store):
        self.all = store.all

    def move(self, standing):
        """Do nothing any more."""
        raise Killed


@pytest.fixture
def killed(hourly, container):
    """Let a clock be killed after it submitted a job and before it moved the row."""

    def kill():
        with pytest.raises(Killed):
            replace(hourly, store=Dying(container.stores.schedules)).tick()

    return kill


def test_a_killed_clock_is_followed_by_one_that_finds_the_same_job(
    hourly, killed, container, clock, started, standing
):
    clock.on(hours=1)
    due = clock.now
    killed()
    clock.on(minutes=59)

    hourly.tick()

    assert len(started()) == 2
    assert standing().since == due
    assert standing().job_id == container.jobs.list("default")[0].id


def test_what_came_after_a_clock_was_killed_is_not_lost(hourly, killed, clock, started, standing):
    clock.on(hours=1)
    due = clock.now
    killed()
    clock.on(hours=1, seconds=5)

    hourly.tick()
    hourly.tick()

    assert [key[-16:] for key in started()[1:]] == [at(due), at(due + timedelta(hours=1))]
    assert standing().since == due + timedelta(hours=1)


def test_a_clock_that_is_killed_while_it_makes_up_for_much_did_so_once(
    hourly, killed, clock, started
):
    clock.on(hours=10, minutes=20)
    killed()
    clock.on(minutes=20)

    hourly.tick()
    hourly.tick()

    assert len(started()) == 2


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(minutes=61), timedelta(hours=20)])
def test_a_clock_that_is_set_forward_and_back_fires_nothing_twice(hourly, clock, started, back):
    clock.on(hours=1)
    hourly.tick()
    clock.now += back
    hourly.tick()
    ahead = clock.now
    so_far = started()

    clock.now -= back
    while clock.now <= ahead:
        hourly.tick()
        clock.on(minutes=10)
    assert started() == so_far

    clock.on(hours=1)
    hourly.tick()
    assert len(started()) == len(so_far) + 1


def test_a_clock_that_was_days_ahead_does_not_stop_a_schedule_for_days(hourly, clock, started):
    clock.on(days=400)
    hourly.tick()
    clock.on(days=-400)

    with capture_logs() as events:
        hourly.tick()
    for _ in range(3):
        clock.on(hours=1)
        hourly.tick()

    assert named(events, "schedule.") == ["schedule.clock_was_wrong"]
    assert len(started()) == 4, "its first moment was taken by the run of the wrong clock"
