"""What callers send is watched beside their calls, and whoever wants to hear of a drift does, once."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from tiny import events_of, write_data

from minerva.errors import InvalidInput
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.webhooks.subscription import Subscription

ROWS = 400
USUAL = [{"x": number % 7 + 1} for number in range(100)]
SHIFTED = [{"x": number % 7 + 1001} for number in range(100)]


@pytest.fixture
def trained(workspace, container, make):
    """Make and serve a version of enough rows that a drift can be told from chance."""
    write_data(workspace, rows=ROWS)

    def made(**parts):
        version = make(**parts)
        container.live.refresh()
        return version

    return made


@pytest.fixture
def ask(container):
    """Ask a service all these records, so many a call, until they are counted."""

    def asked(records, times=1, most=100):
        for _ in range(times):
            for start in range(0, len(records), most):
                question = Question(records[start : start + most])
                answer = container.predictor.predict("default", "value", question)
                assert not answer.degraded
        assert container.drift.flush(60)

    return asked


def noticed(events) -> list[dict]:
    """Return the drifts that were logged."""
    return events_of(events, "drift.noticed")


@pytest.fixture
def told(container):
    """Have somebody told of drifts; what there is to tell them."""
    container.stores.subscriptions.add(
        Subscription(
            "s1", "default", "", "https://hooks.example.com/", ("drift.noticed",), "ann",
            datetime.now(UTC),
        )
    )  # fmt: skip

    def messages() -> list[dict]:
        sent = container.webhooks.deliveries("default", receiver="s1")
        return [delivery.payload["message"] for delivery in sent]

    return messages


def test_a_drift_is_logged_and_told_once(trained, ask, container, told):
    trained()

    with capture_logs() as events:
        ask(USUAL, times=8)
        assert noticed(events) == []
        ask(SHIFTED, times=12)

    ((message,), (event,)) = (told(), noticed(events))
    facts = {"tenant": "default", "service": "value", "name": "x", "measure": "psi"}
    assert {**facts, "version": 1}.items() <= event.items()
    assert {**facts, "version": "1"}.items() <= message["data"].items()
    assert message["type"] == "drift.noticed"
    assert message["data"]["value"] > message["data"]["threshold"] >= 0.2


def test_what_has_come_back_is_logged_and_may_drift_again(trained, ask):
    trained()

    with capture_logs() as events:
        ask(SHIFTED, times=5)
        ask(USUAL, times=5)
        ask(SHIFTED, times=5)

    assert [event["event"] for event in events if event["event"].startswith("drift.")] == [
        "drift.noticed", "drift.ended", "drift.noticed",
    ]  # fmt: skip


def test_single_records_count_as_those_of_a_batch_do(trained, ask):
    trained()

    with capture_logs() as events:
        ask(SHIFTED, times=5, most=1)

    assert len(noticed(events)) == 1


def test_a_batch_that_is_sorted_is_no_drift(trained, ask):
    trained()
    usual_sorted = sorted(USUAL * 100, key=lambda record: record["x"])

    with capture_logs() as events:
        ask(usual_sorted, most=len(usual_sorted))

    assert noticed(events) == []


def test_a_service_may_state_its_threshold(trained, ask):
    trained(monitoring={"drift": 100})

    with capture_logs() as events:
        ask(SHIFTED, times=8)

    assert noticed(events) == []


@pytest.mark.parametrize(
    "parts",
    [{"monitoring": {"drift": 0}}, {"algorithm": "fixed", "data": None}],
    ids=["switched off", "no profile"],
)
def test_where_nothing_is_watched_nothing_is_kept(trained, ask, container, parts):
    trained(**parts)

    with capture_logs() as events:
        ask(SHIFTED, times=8)

    assert noticed(events) == []
    assert container.drift._watches == {}


def test_records_that_are_looked_up_are_watched_too(trained, workspace, container):
    connection = sqlite3.connect(workspace / "legacy.db")
    connection.execute("create table customers (id, x, y)")
    people = [(f"c-{number}", number % 7 + 1, 1.0 + number % 2) for number in range(ROWS)]
    strange = [(f"s-{number}", 1001 + number % 7, 0.0) for number in range(ROWS)]
    connection.executemany("insert into customers values (?, ?, ?)", people + strange)
    connection.commit()
    connection.close()
    trained(data={
        "source": "sql", "url": "sqlite:///legacy.db",
        "query": "select x, y from customers where id like 'c-%'",
        "lookup": "select x from customers where id = :key",
    })  # fmt: skip

    with capture_logs() as events:
        keys = [key for key, *_ in strange]
        container.predictor.predict("default", "value", Question(keys=keys))
        assert container.drift.flush(60)

    assert [event["name"] for event in noticed(events)] == ["x"]


def test_another_champion_is_watched_from_its_own_training_rows(trained, ask, workspace):
    trained()
    ask(SHIFTED, times=2)
    trained(parameters={"shift": 1.0})

    with capture_logs() as events:
        ask(SHIFTED, times=3)
        assert noticed(events) == []
        ask(SHIFTED, times=1)

    assert [event["version"] for event in noticed(events)] == [2]


def test_what_a_caller_sends_wrong_is_not_counted(trained, container):
    trained()
    with pytest.raises(InvalidInput):
        container.predictor.predict("default", "value", Question([{"x": -1}]))
    container.drift.flush(60)

    assert container.drift._watches == {}


def test_a_version_that_cannot_be_watched_harms_no_other(trained, ask, container, make):
    trained()
    make("other")
    container.live.refresh()
    live = container.live.find("default", "other")
    bins = live.loaded.bins
    numbers = replace(bins.numbers, names=("stranger",))
    broken = replace(live.loaded, bins=replace(bins, numbers=numbers))
    batch = live.loaded.decoder.records([{"x": 1}])

    with capture_logs() as events:
        container.drift(live, broken, batch)
        ask(SHIFTED, times=4)

    ((failed),) = events_of(events, "drift.not_counted")
    assert (failed["service"], failed["reason"]) == ("other", "KeyError")
    assert [event["service"] for event in noticed(events)] == ["value"]


def test_more_than_can_be_counted_is_left_out(trained, container):
    trained()
    live = container.live.find("default", "value")
    batch = live.loaded.decoder.records(USUAL * 60)

    with capture_logs() as events:
        for _ in range(5):
            container.drift(live, live.loaded, batch)
        assert container.drift.flush(60)

    (event,) = events_of(events, "drift.left_out")
    assert event["calls"] == 4


def test_what_waits_is_counted_before_a_process_ends(trained, container):
    trained()
    container.predictor.predict("default", "value", Question(USUAL))

    assert container.drift.close()

    ((_, watch),) = container.drift._watches.values()
    assert watch.rows == len(USUAL)
