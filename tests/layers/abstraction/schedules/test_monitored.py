"""A service that drifts or decays is told of once, and trained again no more often than declared."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from tiny import events_of, write_data

from minerva.errors import Unavailable
from minerva.layers.abstraction.monitoring.judging import EVERY
from minerva.layers.abstraction.schedules.schedule import MONITORING
from minerva.layers.abstraction.webhooks.subscription import Subscription
from minerva.testing.inference_stores import a_record

RETRAIN = {"retrain": {"on": ["drift", "decay"], "at_most_every": "6h"}}
USUAL = [row % 7 + 1 for row in range(350)]
SHIFTED = [x + 4 for x in USUAL]


@pytest.fixture
def trained(make, workspace, clock):
    """Make a version of 400 rows, y = 2x; then time goes by in which another may be made."""
    write_data(workspace, rows=400)

    def made(training=None, **parts):
        version = make(training=training or RETRAIN, **parts)
        clock.on(hours=7)
        return version

    return made


@pytest.fixture
def keep(container, clock):
    """Record what was asked a minute ago, with answers off by some; truths are 2x."""

    def kept(xs, *, off=0.0, truths=False, version=1):
        at = clock() - timedelta(minutes=1)
        records = [
            a_record(row, tenant="default", service="value", version=version, at=at,
                     features=json.dumps({"x": x}), answer=json.dumps({"y": 2.0 * x + off}),
                     truth=json.dumps(2.0 * x) if truths else None, truth_at=at if truths else None)
            for row, x in enumerate(xs)
        ]  # fmt: skip
        container.stores.inferences.add(records)

    return kept


@pytest.fixture
def judge(scheduler, clock):
    """Have all services judged, several times with five minutes between; return what was logged."""

    def judged(times=1):
        with capture_logs() as events:
            for _ in range(times):
                scheduler.tick()
                clock.on(seconds=EVERY.total_seconds())
        return events

    return judged


@pytest.fixture
def told(container):
    """Have somebody told of everything; the types of what there is to tell, and the messages."""
    container.stores.subscriptions.add(
        Subscription(
            "s1", "default", "", "https://hooks.example.com/",
            ("service.drifted", "service.decayed"), "ann", datetime.now(UTC),
        )
    )  # fmt: skip

    def messages():
        sent = container.webhooks.deliveries("default", receiver="s1")
        return [delivery.payload["message"] for delivery in sent]

    return messages


def trainings(container):
    """The trainings that monitoring started."""
    return [job for job in container.jobs.list("default") if job.author == "monitoring"]


def test_a_service_that_is_as_it_was_is_left_alone(trained, keep, judge, told, container):
    trained()
    keep(USUAL, truths=True)

    judge(times=3)

    assert told() == []
    assert trainings(container) == []


def test_a_drift_is_told_once_and_trains(trained, keep, judge, told, container):
    trained()
    keep(SHIFTED)

    events = judge(times=3)

    (message,) = told()
    assert message["type"] == "service.drifted"
    assert (message["data"]["version"], message["data"]["rows"]) == ("1", 350)
    assert [one["name"] for one in message["data"]["fields"]] == ["x", "y"]
    assert len(events_of(events, "service.drifted")) == 1
    (job,) = trainings(container)
    (event,) = events_of(events, "training.retrained")
    assert (job.kind, event["job_id"], event["reason"]) == ("train", job.id, "drift of x, y")


def test_a_metric_that_decays_is_told_once_and_trains(trained, keep, judge, told, container):
    trained()
    keep(USUAL, off=1.0, truths=True)

    events = judge(times=3)

    (message,) = told()
    assert message["type"] == "service.decayed"
    assert message["data"] == {
        "tenant": "default", "service": "value", "version": "1", "metric": "rmse", "value": 1.0,
        "held_out": 0.0, "beside": "training", "truths": 350,
    }  # fmt: skip
    assert len(events_of(events, "service.decayed")) == 1
    assert len(trainings(container)) == 1
    assert events_of(events, "training.retrained")[0]["reason"].startswith("rmse 1.0000 in use")


def test_few_truths_are_no_decay(trained, keep, judge, told):
    trained()
    keep(USUAL[:20], off=1.0, truths=True)

    judge()

    assert told() == []


def test_it_is_trained_no_more_often_than_declared(trained, keep, judge, container, clock):
    trained()
    keep(SHIFTED)

    judge(times=12)
    assert len(trainings(container)) == 1

    clock.on(hours=6)
    judge(times=2)
    assert len(trainings(container)) == 2


def test_a_version_that_is_new_is_given_time(trained, keep, judge, told, container, clock):
    trained()
    clock.on(hours=-6)
    keep(SHIFTED)

    judge()

    assert len(told()) == 1
    assert trainings(container) == []


def test_only_what_is_declared_trains(trained, keep, judge, told, container):
    trained({"retrain": {"on": ["decay"]}})
    keep(SHIFTED)

    judge()

    assert len(told()) == 1
    assert trainings(container) == []


def test_without_retrain_it_is_told_and_nothing_more(trained, keep, judge, told, container):
    trained({"promote": True})
    keep(SHIFTED)

    judge()

    assert len(told()) == 1
    assert trainings(container) == []


def test_what_is_not_watched_is_not_judged(trained, keep, judge, told, container):
    trained({"promote": True}, monitoring={"drift": 0, "decay": 0})
    keep(SHIFTED, off=1.0, truths=True)

    judge()

    assert told() == []
    assert container.stores.schedules.all() == []


def test_what_has_come_back_is_noted_and_may_be_told_again(trained, keep, judge, clock, told):
    trained({"promote": True})
    keep(SHIFTED)
    judge()
    clock.on(hours=2)
    keep([*USUAL, *USUAL])

    events = judge()
    assert len(events_of(events, "service.recovered")) == 1

    clock.on(hours=2)
    keep([*SHIFTED, *SHIFTED])
    judge()
    assert len(told()) == 2


def test_a_new_champion_begins_anew(trained, keep, judge, told, make, clock):
    trained({"promote": True})
    keep(SHIFTED)
    judge()
    make(training={"promote": True}, parameters={"shift": 1})
    clock.on(hours=1)
    keep(SHIFTED, version=2)

    judge()

    assert [message["data"]["version"] for message in told()] == ["2", "1"]


def test_two_clocks_tell_and_train_once(trained, keep, scheduler, told, container):
    trained()
    keep(SHIFTED)

    for _ in range(2):
        scheduler.tick()

    assert len(told()) == 1
    assert len(trainings(container)) == 1


def test_a_clock_that_is_killed_after_it_asked_is_followed_by_one_that_gets_the_same_job(
    trained, keep, scheduler, container, clock
):
    trained()
    keep(SHIFTED)
    store = scheduler.store

    class Killed:
        def move(self, standing):
            return False if standing.fired_at is not None else store.move(standing)

    monitoring = replace(scheduler.monitoring, store=Killed())
    replace(scheduler, monitoring=monitoring).tick()
    clock.on(seconds=EVERY.total_seconds())
    scheduler.tick()

    assert len(trainings(container)) == 1


def test_a_database_that_is_away_is_noted_and_asked_again(
    trained, keep, scheduler, clock, standing, container
):
    trained()
    keep(SHIFTED)

    def away(*_):
        raise Unavailable("The database is away.")

    broken = replace(scheduler, monitoring=replace(scheduler.monitoring, judge=away))
    with capture_logs() as events:
        broken.tick()
    assert events_of(events, "monitoring.not_judged")[0]["reason"] == "The database is away."
    assert standing(MONITORING).error == "The database is away."

    clock.on(seconds=EVERY.total_seconds())
    scheduler.tick()
    assert standing(MONITORING).error is None
    assert len(trainings(container)) == 1


def test_what_another_release_knew_is_forgotten(trained, keep, judge, container, told):
    trained()
    keep(SHIFTED)
    judge()
    stores = container.stores.schedules
    (standing,) = stores.all()
    assert stores.move(replace(standing, value="[1]", moves=standing.moves + 1))

    assert len(events_of(judge(), "service.drifted")) == 1


def test_what_may_train_is_listed_with_what_comes(trained, container):
    trained()

    (listed,) = container.offline.upcoming.list("default")

    assert (listed["name"], listed["kind"], listed["every_s"]) == (MONITORING, "train", 300)
