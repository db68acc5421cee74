"""The thread that keeps the picture fresh."""

import threading

import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.layers.abstraction.serving.watcher import Watcher

NAME = "registry-watcher"


class Looks:
    """Counts, and fails while it is told to."""

    def __init__(self):
        self.count, self.fails = 0, False

    def __call__(self):
        """Look once."""
        self.count += 1
        if self.fails:
            raise OSError("away")


@pytest.fixture
def looks():
    """What is called."""
    return Looks()


def test_it_looks_at_once_and_again_until_it_is_stopped(looks):
    watcher, others = Watcher(looks, 0.01), set(threading.enumerate())

    watcher.start()
    (thread,) = [one for one in set(threading.enumerate()) - others if one.name == NAME]
    wait_until(lambda: looks.count >= 3)
    watcher.stop()
    thread.join(60)
    seen = looks.count

    assert not threading.Event().wait(0.05)
    assert looks.count == seen


def test_the_first_look_does_not_wait_for_the_interval(looks):
    watcher = Watcher(looks, 3600)

    watcher.start()
    wait_until(lambda: looks.count == 1)
    watcher.stop()


def test_an_hour_of_failure_is_one_event_and_its_end_another(looks):
    looks.fails = True
    watcher = Watcher(looks, 0.005)

    with capture_logs() as events:
        watcher.start()
        wait_until(lambda: looks.count >= 3)
        looks.fails = False
        wait_until(lambda: len(events) == 2)
        looks.fails = True
        wait_until(lambda: len(events) == 3)
        watcher.stop()

    assert [event["event"] for event in events] == [
        "watcher.failing",
        "watcher.recovered",
        "watcher.failing",
    ]
    assert isinstance(events[0]["exc_info"], OSError)
