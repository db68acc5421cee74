"""How units work on: at once, later, after failures, until told to stop."""

import threading
import time

import pytest
from sqlalchemy.exc import OperationalError
from structlog import get_logger
from structlog.testing import capture_logs

from legacy_stub.sidecar import SidecarError
from legacy_stub.unit import Progress, catch_up, watch


class Steps:
    """A unit that goes through a list and then sets `stop`."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.stop = threading.Event()

    def __call__(self):
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.stop.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_more_work_is_done_at_once():
    steps = Steps(Progress.WORKED, Progress.WORKED, Progress.IDLE)

    begun = time.monotonic()
    watch(steps, steps.stop, 60.0, get_logger())

    assert time.monotonic() - begun < 30


def test_a_stop_ends_the_pause():
    stop = threading.Event()
    rested = threading.Event()

    def idle():
        rested.set()
        return Progress.IDLE

    thread = threading.Thread(target=watch, args=(idle, stop, 60.0, get_logger()))
    thread.start()
    assert rested.wait(30)
    stop.set()
    thread.join(30)

    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("failure", "event"),
    [
        (SidecarError("timeout", "late"), "sidecar.unavailable"),
        (OperationalError("SELECT", {}, OSError("secret")), "database.unavailable"),
        (ZeroDivisionError("secret"), "unit.failed"),
    ],
)
def test_a_failure_is_logged_without_its_words_and_the_step_taken_again(failure, event):
    steps = Steps(failure, Progress.WORKED, Progress.IDLE)

    with capture_logs() as log:
        watch(steps, steps.stop, 60.0, get_logger())

    assert steps.outcomes == []
    assert [line["event"] for line in log] == [event]
    assert "secret" not in str(log)


def test_a_failure_because_of_the_stop_is_none():
    steps = Steps(SidecarError("timeout", "stopped"))

    with capture_logs() as log:
        watch(steps, steps.stop, 60.0, get_logger())

    assert log == []


def test_catching_up_ends_when_nothing_is_left():
    steps = Steps(Progress.WORKED, SidecarError("timeout", "late"), Progress.WAITING, Progress.IDLE)

    assert catch_up(steps, 0.001, get_logger())


def test_catching_up_ends_when_the_sidecar_stays_away(monkeypatch):
    monkeypatch.setattr("legacy_stub.unit._LONGEST_PAUSE", 0.001)
    steps = Steps(*[SidecarError("timeout", "late")] * 10)

    assert not catch_up(steps, 0.001, get_logger())
