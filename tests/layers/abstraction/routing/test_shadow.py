"""The shadow is asked off the request path, and harms no one."""

import threading

import pytest
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.layers.abstraction.routing.agreement import Agreement, agreement
from minerva.layers.abstraction.routing.shadow import Shadows, Tally
from minerva.schema import Schema


def schema(**output):
    """A schema with one input and the given output `y`."""
    return Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": output}})


@pytest.fixture
def shadows():
    made = Shadows(places=2)
    yield made
    made.close()


def tally_when(shadows, digest, condition):
    """Return the tally as soon as it fulfils the condition."""
    wait_until(lambda: condition(shadows.tally(digest)))
    return shadows.tally(digest)


def test_it_is_asked_in_another_thread_and_compared(shadows):
    asked_in = []

    def compare():
        asked_in.append(threading.current_thread().name)
        return Agreement(3, 2, 0.5)

    with capture_logs() as logs:
        shadows.ask("d", {"service": "churn", "shadow": "4"}, compare)
        tally = tally_when(shadows, "d", lambda one: one.asked)
        (event,) = wait_until(lambda: events_of(logs, "shadow.compared"))

    assert tally == Tally(asked=1, rows=3, agreed=2)
    assert asked_in == ["shadow"]
    assert (event["rows"], event["agreed"], event["difference"]) == (3, 2, 0.5)


@pytest.mark.parametrize("error", [ValueError("a value"), SystemExit(1), MemoryError()])
def test_one_that_fails_is_counted_and_the_next_question_is_asked(shadows, error):
    def fail():
        raise error

    with capture_logs() as logs:
        shadows.ask("d", {}, fail)
        tally_when(shadows, "d", lambda one: one.failed)
        shadows.ask("d", {}, lambda: Agreement(1, 1))
        tally = tally_when(shadows, "d", lambda one: one.asked == 2)

    assert (tally.failed, tally.agreed) == (1, 1)
    assert "a value" not in str(logs)


def test_a_slow_one_leaves_questions_out_instead_of_piling_them_up(shadows):
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go_on.wait(60)
        return Agreement(1, 1)

    shadows.ask("d", {}, slow)
    assert begun.wait(60)
    for _ in range(5):
        shadows.ask("d", {}, slow)

    assert shadows.tally("d").left_out == 3
    go_on.set()
    assert tally_when(shadows, "d", lambda one: one.asked == 3).left_out == 3


def test_closing_does_not_ask_what_still_waits():
    shadows = Shadows()
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go_on.wait(60)
        return Agreement(1, 1)

    shadows.ask("d", {}, slow)
    assert begun.wait(60)
    shadows.ask("d", {}, slow)
    closer = threading.Thread(target=shadows.close)
    closer.start()
    go_on.set()
    closer.join(60)

    assert shadows.tally("d").asked <= 2
    assert not closer.is_alive()


def test_closing_one_that_was_never_asked_is_fine():
    Shadows().close()


def test_labels_agree_or_not():
    gold = schema(type="category", values=["tin", "gold"])
    ours = [{"y": "gold"}, {"y": "tin"}, {"y": "gold"}]
    theirs = [{"y": "gold"}, {"y": "gold"}, {"y": "gold"}]

    assert agreement(gold, ours, theirs) == Agreement(3, 2)


def test_numbers_differ_by_their_mean_distance():
    number = schema(type="number")

    found = agreement(number, [{"y": 1.0}, {"y": 2.0}], [{"y": 1.0}, {"y": 5.0}])

    assert found == Agreement(2, 1, 1.5)


def test_another_kind_of_answer_never_agrees():
    number = schema(type="number")

    assert agreement(number, [{"y": 1.0}], [{"z": 1.0}]) == Agreement(1, 0)
