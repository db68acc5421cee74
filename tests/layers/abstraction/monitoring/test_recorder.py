"""Predictions are recorded beside their calls, without what is personal, and what is left out is counted."""

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.errors import Unavailable
from minerva.layers.abstraction.monitoring.recorder import (
    BURST_ROWS,
    MOST_ROWS,
    PACE_ROWS_S,
    Recorder,
)
from minerva.layers.abstraction.monitoring.store import Span
from minerva.layers.abstraction.serving.question import Question

NOW = datetime.now(UTC)
SPAN = Span("default", "value", NOW - timedelta(days=1), NOW + timedelta(days=1))
JANE = {"id": "c-1", "x": 3, "email": "jane@example.org"}


@pytest.fixture
def recorded(container):
    """Return what was recorded so far, in the order of the rows."""

    def listed():
        assert container.recorder.flush(60)
        found = container.stores.inferences.newest(SPAN, 1000)
        return sorted(found, key=lambda one: (one.shadow, one.at, one.row))

    return listed


@pytest.fixture
def ask(container):
    """Ask the service as a caller with a request id does."""

    def asked(*records, request_id="r-1", **more):
        container.live.refresh()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            question = Question(list(records) or None, **more)
            return container.predictor.predict("default", "value", question)

    return asked


def test_each_row_is_recorded_with_its_request_version_key_and_answer(make, ask, recorded):
    make()

    ask(JANE, {"id": 7, "x": 1})

    first, second = recorded()
    assert (first.request_id, first.row, first.key, first.version) == ("r-1", 0, "c-1", 1)
    assert (second.row, second.key) == (1, "7")
    assert json.loads(first.answer)["y"] == pytest.approx(6)
    assert first.ms > 0
    assert (first.degraded, first.shadow, first.truth) == (False, False, None)


@pytest.mark.parametrize(
    ("key", "kept"), [("a\x00b", "a?b"), ("half \ud800", "half ?"), ("k" * 999, "k" * 256)]
)
def test_a_key_that_no_database_can_keep_costs_no_record(make, container, key, kept):
    make()
    container.live.refresh()
    live, written = container.live.find("default", "value"), []
    answer = container.predictor.predict("default", "value", Question([JANE]))
    recorder = Recorder(written.extend)

    recorder(live, answer, None, [key], 0.001)

    assert recorder.close(60)
    assert [one.key for one in written] == [kept]


def test_what_is_personal_or_text_is_not_kept(make, ask, recorded):
    make()

    ask(JANE)

    assert json.loads(recorded()[0].features) == {"x": 3}


def test_what_was_declared_personal_after_the_training_is_not_kept_either(
    make, declare, ask, recorded
):
    make()
    personal = {
        "key": "id",
        "inputs": {"x": {"type": "integer", "minimum": 0, "pii": True}},
        "output": {"y": {"type": "number", "pii": True}},
    }
    declare(schema=personal)

    ask({"id": "c-1", "x": 3})

    (one,) = recorded()
    assert (one.features, one.answer) == ("{}", "{}")


def test_a_default_is_recorded_as_one(make, ask, recorded, container):
    default = {"default": {"y": 1.5}}
    make("value", "misbehaving", parameters={"predict": "moody_later"}, serving=default)
    container.live.refresh()
    (container.loaded.workspace / "worse").write_text("")

    assert ask(JANE).degraded

    (one,) = recorded()
    assert (one.degraded, one.version, json.loads(one.answer)) == (True, 1, {"y": 1.5})
    assert json.loads(one.features) == {"x": 3}


def test_a_shadow_s_answer_is_recorded_beside_the_champion_s(make, ask, recorded, container):
    make()
    make(parameters={"shift": 5}, training={"promote": False})
    container.registry.promote("default", "value", 2, author="ann", alias="shadow")

    ask(JANE)
    found = wait_until(lambda: recorded() if len(recorded()) > 1 else None)

    assert {(one.version, one.shadow, one.request_id) for one in found} == {
        (1, False, "r-1"),
        (2, True, "r-1"),
    }


def test_each_row_names_the_version_that_answered_it(make, ask, recorded, container):
    make()
    make(parameters={"shift": 5}, training={"promote": False})
    container.registry.promote("default", "value", 2, author="ann", alias="challenger", share=50)

    answer = ask(*({"id": f"c-{number}", "x": 1} for number in range(40)))

    assert [str(one.version) for one in recorded()] == answer.versions
    assert set(answer.versions) == {"1", "2"}


def test_a_service_may_have_nothing_recorded(make, ask, recorded):
    make(monitoring={"sample": 0})

    ask(JANE)

    assert recorded() == []


def test_a_sample_is_drawn_by_calls(make, ask, container):
    make(monitoring={"sample": 0.25})
    written, chances = [], iter([0.1, 0.9, 0.3, 0.2])
    recorder = Recorder(written.extend, chance=lambda: next(chances))
    container.live.refresh()
    live = container.live.find("default", "value")

    for number in range(4):
        answer = ask(JANE, request_id=f"r-{number}")
        with structlog.contextvars.bound_contextvars(request_id=f"r-{number}"):
            recorder(live, answer, None, ["c-1"], 0.001)

    assert recorder.close(60)
    assert [one.request_id for one in written] == ["r-0", "r-3"]


def test_what_does_not_fit_into_the_queue_is_counted(make, ask, container):
    make()
    answer = ask(JANE)
    live = container.live.find("default", "value")
    held, going_on = threading.Event(), threading.Event()

    def add(_records):
        held.set()
        assert going_on.wait(60)

    recorder = Recorder(add, clock=itertools.count(step=3600).__next__)  # nobody comes too fast
    with capture_logs() as events:
        recorder(live, answer, None, ["c-1"], 0.001)
        assert held.wait(60)
        for _ in range(MOST_ROWS):
            recorder(live, answer, None, ["c-1"], 0.001)
        going_on.set()
        assert recorder.close(60)

    assert recorder.left_out == MOST_ROWS // 2
    assert events_of(events, "inference.left_out")[0]["calls"] == MOST_ROWS // 2


def test_calls_that_come_faster_than_they_are_recorded_are_left_out_and_told(make, ask, container):
    make()
    answer = ask(JANE)
    live = container.live.find("default", "value")
    written, now = [], [1_000_000.0]
    recorder = Recorder(written.extend, clock=lambda: now[0])

    with capture_logs() as events:
        for _ in range(BURST_ROWS + 70):
            recorder(live, answer, None, ["c-1"], 0.001)
        assert recorder.flush(60)
        now[0] += 0.1
        for _ in range(PACE_ROWS_S // 5):
            recorder(live, answer, None, ["c-1"], 0.001)
        assert recorder.close(60)

    later = PACE_ROWS_S // 10
    assert len(written) == BURST_ROWS + later
    assert recorder.left_out == 70 + later
    told = [one["calls"] for one in events_of(events, "inference.left_out")]
    assert sum(told) == 70 + later


def test_a_database_that_is_away_costs_records_and_nothing_else(make, ask, container):
    make()
    answer = ask(JANE)
    live = container.live.find("default", "value")
    written = []

    def add(records):
        if records[0].request_id == "lost":
            raise Unavailable("The database is away.")
        written.extend(records)

    recorder = Recorder(add)
    with capture_logs() as events:
        for request_id in ("lost", "kept"):
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                recorder(live, answer, None, ["c-1"], 0.001)
            assert recorder.flush(60)

    assert recorder.left_out == 1
    assert events_of(events, "inference.not_recorded")[0]["reason"] == "The database is away."
    assert [one.request_id for one in written] == ["kept"]
