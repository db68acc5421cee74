"""Work aside: nobody waits for it, and of each key there is one piece at a time."""

import threading

from structlog.testing import capture_logs
from waiting import wait_until

from minerva.layers.abstraction.schedules.aside import Aside

FIRST, SECOND, THIRD = (("default", "churn", name) for name in ("first", "second", "third"))


def test_of_each_key_there_is_one_piece_at_a_time():
    aside, go_on, done = Aside(4), threading.Event(), []

    assert aside(FIRST, lambda: go_on.wait(30))
    assert not aside(FIRST, lambda: done.append("never"))
    assert aside(SECOND, lambda: done.append("second"))
    wait_until(lambda: done == ["second"])
    go_on.set()

    wait_until(lambda: aside(FIRST, lambda: done.append("first")))
    wait_until(lambda: done == ["second", "first"])


def test_no_more_are_done_at_once_than_it_has_threads():
    aside, go_on, begun = Aside(2), threading.Event(), []

    def work():
        begun.append(1)
        go_on.wait(30)

    for key in (FIRST, SECOND, THIRD):
        assert aside(key, work)
    wait_until(lambda: len(begun) == 2)
    go_on.set()

    wait_until(lambda: len(begun) == 3)


def test_work_that_fails_leaves_the_thread_to_others():
    aside, done = Aside(1), []

    with capture_logs() as events:
        aside(FIRST, lambda: 1 / 0)
        aside(SECOND, lambda: done.append("second"))
        wait_until(lambda: done == ["second"])

    assert [(event["event"], event["schedule"]) for event in events] == [
        ("schedule.broken", "first")
    ]
    wait_until(lambda: aside(FIRST, lambda: done.append("first")))
