"""The one verb: predict, by records or keys, in time, or the declared default."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tiny import SCHEMA, wait_until

from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidConfiguration,
    InvalidInput,
    NotFound,
    Unavailable,
)
from minerva.layers.abstraction.serving.lookups import Lookups
from minerva.layers.abstraction.serving.predict import Answer, Question

ONE = [{"x": 1, "id": "a"}]
FLAG = {
    **SCHEMA,
    "inputs": {
        "x": {"type": "integer", "minimum": 0},
        "member": {"type": "boolean"},
        "plan": {"type": "category", "values": ["0", "1"]},
    },
}
SQL = {
    "source": "sql",
    "url": "sqlite:///legacy.db",
    "query": "select x, member, plan, y from customers",
    "lookup": "select x, member, plan from customers where id = :key",
}


@pytest.fixture
def ask(container):
    """Look at the registry, then ask a service."""

    def asked(service="value", records=None, **question) -> Answer:
        container.live.refresh()
        return container.predictor.predict("default", service, Question(records, **question))

    return asked


@pytest.fixture
def legacy(workspace):
    """The legacy product's own database."""
    with sqlite3.connect(workspace / "legacy.db") as connection:
        connection.execute("create table customers (id, x, member, plan, y)")
        rows = [(f"c-{n}", f"{n}", "yes" if n % 2 else "no", n % 2, n * 2.0) for n in range(40)]
        rows += [("odd", "-1", "perhaps", 7, 0.0), ("empty", None, "no", 0, 0.0)]
        connection.executemany("insert into customers values (?, ?, ?, ?, ?)", rows[:40])
        connection.commit()
        connection.executemany("insert into customers values (?, ?, ?, ?, 0)", [r[:4] for r in rows[40:]])
    connection.close()


@contextmanager
def waiting_model(workspace):
    """Let the model of `misbehaving` wait; it goes on when the block ends."""
    (workspace / "go on").unlink(missing_ok=True)
    try:
        yield lambda: wait_until((workspace / "started").exists)
    finally:
        (workspace / "go on").write_text("")


def slow(make, workspace, **serving):
    """Make a version whose model waits for `go on` from now on."""
    (workspace / "go on").write_text("")
    make("slow", "misbehaving", parameters={"predict": "wait"}, serving=serving)
    (workspace / "started").unlink()


def test_each_record_is_answered_in_its_place(ask, make):
    version = make(parameters={"shift": 1.0})

    answer = ask(records=[{"x": 3, "id": "a"}, {"x": 0}])

    assert answer == Answer(
        [{"id": "a", "y": pytest.approx(7)}, {"id": None, "y": pytest.approx(1)}],
        "value",
        "1",
        False,
        version.job_id,
    )


def test_no_records_have_no_answers(ask, make):
    make()

    assert ask(records=[]).predictions == []
    assert ask(keys=None, records=None).service == "value" if False else True


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

    with pytest.raises(Unavailable, match=r"has no version yet: train it \(`minerva train value`\)"):
        ask(records=ONE)


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


@pytest.mark.parametrize(
    ("default", "pattern"), [(None, "has no version yet"), ({"y": 0.5}, None)]
)
def test_without_a_version_records_must_fit_all_the_same(ask, declare, default, pattern):
    declare(serving={"default": default} if default else {})

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
        ("raise", "The model of service 'bad' failed."),
        ("exit", "The model of service 'bad' failed."),
        ("none", "The model of service 'bad' failed."),
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


def test_an_answer_comes_in_time_or_not_at_all(ask, make, workspace):
    slow(make, workspace, deadline_ms=50)

    with waiting_model(workspace):
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="'slow' did not answer within 50 ms"):
            ask("slow", records=ONE)
        assert time.monotonic() - started < 10


def test_a_late_model_is_answered_for_by_the_default(ask, make, workspace):
    slow(make, workspace, deadline_ms=50, default={"y": 0.5})

    with waiting_model(workspace):
        answer = ask("slow", records=ONE)

    assert (answer.predictions, answer.degraded) == ([{"id": "a", "y": 0.5}], True)


def test_a_model_in_time_is_answered_from_within_the_callers_log_context(ask, make):
    make("value", serving={"deadline_ms": 20_000})

    assert ask(records=ONE).predictions == [{"id": "a", "y": pytest.approx(2)}]


def test_more_calls_than_places_are_refused_at_once(ask, make, workspace):
    slow(make, workspace, max_concurrency=1)

    with waiting_model(workspace) as started, ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, "slow", ONE)
        started()
        with pytest.raises(Unavailable, match="'slow' answers 1 calls at once at most; try again"):
            ask("slow", records=ONE)
        (workspace / "go on").write_text("")

        assert first.result(30).predictions == [{"id": "a", "y": 1.0}]
    assert ask("slow", records=ONE).predictions == [{"id": "a", "y": 1.0}]


def test_a_late_model_keeps_its_place_until_it_really_ends(ask, make, workspace):
    """Else a model that hangs would take every thread, call by call."""
    slow(make, workspace, max_concurrency=1, deadline_ms=50)

    with waiting_model(workspace):
        with pytest.raises(DeadlineExceeded):
            ask("slow", records=ONE)
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
    predictor = replace(container.predictor, executor=closed)

    for _ in range(2):
        with pytest.raises(Unavailable, match="shutting down"):
            predictor.predict("default", "value", Question(ONE))


def test_a_model_may_say_why(ask, make):
    make()

    (row,) = ask(records=[{"x": 3, "id": "a"}], explain=True).predictions

    assert row["explanation"] == {"x": pytest.approx(6)}


def test_a_model_that_cannot_say_why_is_not_asked(ask, make):
    make("bad", "misbehaving", serving={"default": {"y": 0.0}})

    with pytest.raises(InvalidInput) as caught:
        ask("bad", records=ONE, explain=True)
    assert caught.value.faults[0].where == "/explain"


def test_records_are_looked_up_by_key(ask, make, legacy):
    make(schema=FLAG, data=SQL)

    answer = ask(keys=["c-3", "c-5", "c-3"])

    assert answer.predictions == [
        {"id": "c-3", "y": pytest.approx(6)},
        {"id": "c-5", "y": pytest.approx(10)},
        {"id": "c-3", "y": pytest.approx(6)},
    ]


def test_unknown_keys_are_pointed_at(ask, make, legacy):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.0}})

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1", "nobody", "c-2", 7])

    assert {fault.where: fault.message for fault in caught.value.faults} == {
        "/keys/1": "there is no record with this key",
        "/keys/3": "there is no record with this key",
    }


def test_at_most_twenty_unknown_keys_are_told(ask, make, legacy):
    make(schema=FLAG, data=SQL)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=list(range(100)))
    assert len(caught.value.faults) == 20


def test_a_row_that_does_not_fit_is_pointed_at(ask, make, legacy, workspace):
    make(schema=FLAG, data={**SQL, "query": SQL["query"] + " where id like 'c-%'"})

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1", "odd", "empty"])

    assert {fault.where for fault in caught.value.faults} == {
        "/keys/1/x",
        "/keys/1/member",
        "/keys/1/plan",
        "/keys/2/x",
    }


@pytest.mark.parametrize("data", [None, {"source": "csv", "path": "data.csv"}])
def test_a_service_without_a_lookup_wants_records(ask, make, data):
    algorithm = "linear" if data else "fixed"
    make("value", algorithm, data=data)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1"])
    assert caught.value.faults[0].where == "/keys"


class Away:
    """A database that does not answer."""

    def __init__(self, error=None, gate=None):
        self.error, self.gate = error, gate

    def lookup(self, keys):
        """Fail, or wait."""
        if self.gate is not None:
            self.gate.wait(30)
        raise self.error or Unavailable("The database is away.")


@pytest.mark.parametrize("deadline", [{}, {"deadline_ms": 20_000}])
def test_a_database_that_is_away_is_answered_for_by_the_default(
    make, container, legacy, deadline
):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.5}, **deadline})
    container.live.refresh()
    predictor = replace(container.predictor, source_of=lambda live: Away())

    answer = predictor.predict("default", "value", Question(keys=["c-1", 2]))

    assert answer.predictions == [{"id": "c-1", "y": 0.5}, {"id": 2, "y": 0.5}]
    assert answer.degraded


def test_the_time_of_a_lookup_counts_for_the_deadline(make, container, legacy):
    make(schema=FLAG, data=SQL, serving={"deadline_ms": 50})
    container.live.refresh()
    gate = threading.Event()
    predictor = replace(container.predictor, source_of=lambda live: Away(gate=gate))

    with pytest.raises(DeadlineExceeded):
        predictor.predict("default", "value", Question(keys=["c-1"]))
    gate.set()


def test_a_lookup_that_is_wrongly_declared_is_no_reason_for_a_default(
    make, container, legacy
):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.5}})
    container.live.refresh()
    error = InvalidConfiguration("`lookup` must have one bound parameter.")
    predictor = replace(container.predictor, source_of=lambda live: Away(error))

    with pytest.raises(InvalidConfiguration):
        predictor.predict("default", "value", Question(keys=["c-1"]))


def test_a_source_stays_open_until_the_configuration_changes(make, container, legacy):
    opened = []

    def open_source(data):
        opened.append(data)
        return Away()

    lookups = Lookups(open_source, {"DB": "legacy.db"})
    data = {**SQL, "url": "sqlite:///${DB}"}
    container.registry.declare
    make("value", "fixed", schema=FLAG, data=SQL)
    make("other", "fixed", schema=FLAG, data=SQL)
    container.live.refresh()
    value, other = (container.live.find("default", name) for name in ("value", "other"))

    assert lookups(value) is lookups(value)
    assert lookups(other) is not lookups(value)
    changed = replace(value, revision=2)
    assert lookups(changed) is lookups(changed)
    assert len(opened) == 3
    assert data["url"] != opened[0].url
