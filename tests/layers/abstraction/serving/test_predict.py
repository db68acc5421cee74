"""The one verb: predict, by records or keys, in time, or the declared default."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs
from tiny import SCHEMA
from waiting import wait_until

from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    Unavailable,
)
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.wishes import Wishes

ONE = [{"x": 1, "id": "a"}]


@pytest.fixture
def ask(container):
    """Look at the registry, then ask a service."""

    def asked(service="value", records=None, **question) -> Answer:
        container.live.refresh()
        return container.predictor.predict("default", service, Question(records, **question))

    return asked


@contextmanager
def waiting_model(workspace):
    """Let the model of `misbehaving` wait; it goes on when the block ends."""
    (workspace / "go on").unlink(missing_ok=True)
    try:
        yield lambda: wait_until((workspace / "started").exists)
    finally:
        (workspace / "go on").write_text("")


@pytest.fixture
def slow(make, container, workspace):
    """Make and load a version whose model waits for `go on` from now on."""

    def made(**serving):
        (workspace / "go on").write_text("")
        make("slow", "misbehaving", parameters={"predict": "wait"}, serving=serving)
        container.live.refresh()
        (workspace / "started").unlink()

    return made


def test_each_record_is_answered_in_its_place(ask, make):
    version = make(parameters={"shift": 1.0})

    answer = ask(records=[{"x": 3, "id": "a"}, {"x": 0}])

    rows = [{"id": "a", "y": pytest.approx(7)}, {"id": None, "y": pytest.approx(1)}]
    assert answer.predictions == rows
    assert answer.keys == ["a", None]
    assert answer.outputs["y"].values.tolist() == [pytest.approx(7), pytest.approx(1)]
    assert replace(answer, content=rows) == Answer(rows, "value", "1", False, version.job_id)


def test_no_records_have_no_answers(ask, make):
    make()

    assert ask(records=[]).predictions == []


def test_records_that_do_not_fit_are_refused_whether_or_not_a_default_is_declared(ask, make):
    make(serving={"default": {"y": 0.0}})

    with pytest.raises(InvalidInput) as caught:
        ask(records=[{"x": 1}, {"x": -1}])
    assert [fault.where for fault in caught.value.faults] == ["/records/1/x"]


def test_an_unknown_service_is_not_found(ask):
    with pytest.raises(NotFound):
        ask("nowhere", records=ONE)


def test_a_service_without_a_version_says_how_to_get_one(ask, declare):
    declare()

    with pytest.raises(
        Unavailable, match=r"has no version yet: train it \(`minerva train value`\)"
    ):
        ask(records=ONE)


def test_a_version_that_was_made_a_moment_ago_answers_already(container, declare, make):
    declare()
    container.live.refresh()
    make()

    answer = container.predictor.predict("default", "value", Question(ONE))

    assert answer.version == "1"


def test_a_service_without_a_version_answers_its_default(ask, declare):
    declare(serving={"default": {"y": 0.5}})

    with capture_logs() as events:
        answer = ask(records=[*ONE, {"x": 2}])

    assert answer.predictions == [{"id": "a", "y": 0.5}, {"id": None, "y": 0.5}]
    assert (answer.version, answer.degraded, answer.job_id) == (None, True, None)
    (event,) = [event for event in events if event["event"] == "prediction.degraded"]
    assert (event["service"], event["code"]) == ("value", "unavailable")


def test_a_default_without_a_key_is_a_row_of_its_own_each(ask, declare):
    schema = {name: part for name, part in SCHEMA.items() if name != "key"}
    declare(schema=schema, serving={"default": {"y": 0.5}})

    first, second = ask(records=[{"x": 1}, {"x": 2}]).predictions

    assert first == second == {"y": 0.5}
    assert first is not second


@pytest.mark.parametrize("serving", [{}, {"default": {"y": 0.5}}])
def test_without_a_version_records_must_fit_all_the_same(ask, declare, serving):
    declare(serving=serving)

    with pytest.raises(InvalidInput):
        ask(records=[{"x": "one"}])


def misbehave_from_now_on(container, how):
    """Let the model that serves do something else than it did when it was proved."""
    container.live.refresh()
    model = container.live.find("default", "bad").loaded.model
    model.ways = type(model.ways)(predict=how)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raise", "The model of service 'bad' (algorithm misbehaving) failed."),
        ("exit", "The model of service 'bad' (algorithm misbehaving) failed."),
        ("none", "The model of service 'bad' (algorithm misbehaving) failed."),
        ("nan", "Output 'y' holds NaN or infinity."),
        ("long", "Output 'y' has shape (2,) for 1 records."),
        ("wide", "Output 'y' has shape (1, 2), not (1,)."),
        ("text", "Output 'y' holds <U3, not numbers."),
        ("other", "The model gave no output 'y'."),
    ],
)
@pytest.mark.parametrize("deadline", [{}, {"deadline_ms": 20_000}])
def test_a_model_that_fails_is_told_without_its_reasons(
    ask, make, container, how, message, deadline
):
    make("bad", "misbehaving", serving=deadline)
    misbehave_from_now_on(container, how)

    with pytest.raises(AlgorithmFailed) as caught:
        ask("bad", records=ONE)
    assert caught.value.message == message


@pytest.mark.parametrize("how", ["raise", "exit", "nan", "long"])
def test_a_model_that_fails_is_answered_for_by_the_default(ask, make, container, how):
    make("bad", "misbehaving", serving={"default": {"y": 0.5}})
    misbehave_from_now_on(container, how)

    answer = ask("bad", records=ONE)

    assert answer.predictions == [{"id": "a", "y": 0.5}]
    assert (answer.version, answer.degraded) == ("1", True)


def test_what_a_model_raised_is_in_the_log(ask, make, container):
    make("bad", "misbehaving")
    misbehave_from_now_on(container, "raise")

    with capture_logs() as events, pytest.raises(AlgorithmFailed):
        ask("bad", records=ONE)

    (event,) = [event for event in events if event["event"] == "prediction.raised"]
    assert event["exc_info"] is True


def test_an_answer_comes_in_time_or_not_at_all(ask, slow, workspace):
    slow(deadline_ms=50)

    with waiting_model(workspace):
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="'slow' did not answer within 50 ms"):
            ask("slow", records=ONE)
        assert time.monotonic() - started < 10


def test_a_late_model_is_answered_for_by_the_default(ask, slow, workspace):
    slow(deadline_ms=50, default={"y": 0.5})

    with waiting_model(workspace):
        answer = ask("slow", records=ONE)

    assert (answer.predictions, answer.degraded) == ([{"id": "a", "y": 0.5}], True)


def test_what_a_model_logs_belongs_to_the_request_that_asked_it(ask, make, container):
    make("bad", "misbehaving", serving={"deadline_ms": 20_000})
    misbehave_from_now_on(container, "raise")

    with (
        bound_contextvars(request_id="r-7"),
        capture_logs(processors=[merge_contextvars]) as events,
        pytest.raises(AlgorithmFailed),
    ):
        ask("bad", records=ONE)

    raised = [event for event in events if event["event"] == "prediction.raised"]
    assert [event["request_id"] for event in raised] == ["r-7"]


def test_a_model_in_time_is_answered_from(ask, make):
    make("value", serving={"deadline_ms": 20_000})

    assert ask(records=ONE).predictions == [{"id": "a", "y": pytest.approx(2)}]


def test_more_calls_than_places_are_refused_at_once(ask, slow, workspace):
    slow(max_concurrency=1)

    with waiting_model(workspace) as started, ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, "slow", ONE)
        started()
        with pytest.raises(Unavailable, match="'slow' answers 1 calls at once at most; try again"):
            ask("slow", records=ONE)
        (workspace / "go on").write_text("")

        assert first.result(30).predictions == [{"id": "a", "y": 1.0}]
    assert ask("slow", records=ONE).predictions == [{"id": "a", "y": 1.0}]


def test_a_late_model_keeps_its_place_until_it_really_ends(ask, slow, workspace):
    """Else a model that hangs would take every thread, call by call."""
    slow(max_concurrency=1, deadline_ms=50)

    def late_in_the_model():  # on a busy machine a call may be late before the model hears of it
        with pytest.raises((DeadlineExceeded, Unavailable)):
            ask("slow", records=ONE)
        return (workspace / "started").exists()

    with waiting_model(workspace):
        wait_until(late_in_the_model)
        with pytest.raises(Unavailable, match="answers 1 calls at once"):
            ask("slow", records=ONE)

    def answered():
        try:
            return ask("slow", records=ONE)
        except (DeadlineExceeded, Unavailable):
            return None

    assert wait_until(answered).predictions == [{"id": "a", "y": 1.0}]


def test_a_place_is_given_back_when_a_model_fails(ask, make, container):
    make("bad", "misbehaving", serving={"max_concurrency": 1})
    misbehave_from_now_on(container, "raise")

    for _ in range(3):
        with pytest.raises(AlgorithmFailed):
            ask("bad", records=ONE)


def test_a_house_that_closes_answers_no_more(make, container):
    make(serving={"deadline_ms": 1000, "max_concurrency": 1})
    container.live.refresh()
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    predictor = replace(container.predictor.inner, executor=closed)

    for _ in range(2):
        with pytest.raises(Unavailable, match="shutting down"):
            predictor.predict("default", "value", Question(ONE))


def test_a_model_may_say_why(ask, make):
    make()

    (row,) = ask(records=[{"x": 3, "id": "a"}], wishes=Wishes("/explain")).predictions

    assert row["explanation"] == {"x": pytest.approx(6)}


def test_a_model_that_cannot_say_why_is_asked_what_each_field_changes(ask, make):
    make("average", "mean")

    (row,) = ask("average", records=[{"x": 3, "id": "a"}], wishes=Wishes("/explain")).predictions

    assert row["explanation"] == {"x": 0.0}


def test_a_model_that_learnt_from_no_data_cannot_say_why(ask, make):
    make("steady", "constant", parameters={"output": {"y": 1.0}})

    with pytest.raises(InvalidInput) as caught:
        ask("steady", records=ONE, wishes=Wishes("/explain"))
    assert caught.value.faults[0].where == "/explain"
