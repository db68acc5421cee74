"""Subscribing, and what is told of jobs, versions and drift, up to the receiver."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from receiver import Receiver
from structlog.testing import capture_logs
from tiny import events_of

from minerva.bootstrap import open_job
from minerva.errors import Conflict, InvalidInput, NotFound, NotPermitted
from minerva.events import Drift
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.webhooks.deliveries import ATTEMPTS, PAUSES_S
from minerva.layers.abstraction.webhooks.happening import EVENTS
from minerva.layers.abstraction.webhooks.webhooks import MOST
from minerva.settings import load

URL = "https://hooks.example.com/minerva"


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def container(workspace, receiver):
    """The parts of a process whose operator has listed two hosts."""
    listed = f"hooks.example.com 127.0.0.1:{receiver.port}"
    with open_job(load(workspace, {"MINERVA_WEBHOOK_TARGETS": listed})) as opened:
        yield opened


@pytest.fixture
def hooks(container):
    return container.webhooks


@pytest.fixture
def messages(hooks):
    """What receivers are to be told: types, in alphabetical order."""

    def listed() -> list[str]:
        sent = hooks.deliveries("default")
        return sorted(delivery.payload["message"]["type"] for delivery in sent)

    return listed


def test_a_subscription_is_to_everything_unless_told(hooks):
    made = hooks.subscribe("default", URL, author="ann")

    assert (made.events, made.service, made.url) == (EVENTS, "", URL)
    assert hooks.list("default") == [made]
    assert hooks.secret("default", made.id) != hooks.secret("default", "callbacks")
    assert hooks.remove("default", made.id, "ann") == made
    assert hooks.list("default") == []


def test_what_cannot_be_subscribed_is_refused_at_once(hooks):
    with pytest.raises(NotPermitted, match="let the operator add"):
        hooks.subscribe("default", "http://169.254.169.254/latest/meta-data", author="ann")
    with pytest.raises(InvalidInput):
        hooks.subscribe("default", "hooks.example.com", author="ann")
    with pytest.raises(InvalidInput) as raised:
        hooks.subscribe("default", URL, events=["job.started"], author="ann")
    assert "job.succeeded" in raised.value.faults[0].message
    with pytest.raises(NotFound, match="'nobody'"):
        hooks.subscribe("default", URL, service="nobody", author="ann")
    assert hooks.list("default") == []


def test_there_are_not_endlessly_many(hooks):
    for _ in range(MOST):
        hooks.subscribe("default", URL, author="ann")

    with pytest.raises(Conflict, match="at most 100"):
        hooks.subscribe("default", URL, author="ann")


@pytest.mark.parametrize("ask", ["secret", "test"])
def test_an_unknown_subscription_is_told(hooks, ask):
    with pytest.raises(NotFound, match="'s9'"):
        getattr(hooks, ask)("default", "s9")
    with pytest.raises(NotFound, match="'s9'"):
        hooks.remove("default", "s9", "ann")


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/", "https://127.0.0.1/x",
     "https://elsewhere.example.com/", "http://2852039166/", "gopher://hooks.example.com/"],
)  # fmt: skip
def test_a_callback_url_that_may_not_be_told_queues_nothing(container, declare, url):
    declare()
    asked = Asked(tenant="default", service="value", author="ann", callback_url=url)

    with pytest.raises((NotPermitted, InvalidInput)):
        container.jobs.submit(TRAIN, asked)

    assert container.jobs.list("default") == []


def test_a_training_tells_its_url_and_subscribers_as_soon_as_it_ends(
    container, declare, hooks, receiver
):
    declare("value", "mean", training={"gate": {"metric": "rmse", "at_most": 1e9}})
    hooks.subscribe("default", receiver.url, author="ann", events=["job.succeeded"])
    asked = Asked(
        tenant="default", service="value", author="ann", request_id="r-7", callback_url=receiver.url
    )
    job, _ = container.jobs.submit(TRAIN, asked)

    container.runner.serve("train")
    container.runner.serve("quick")

    told = [heard.headers["webhook-id"] for heard in receiver.heard]
    assert len(told) == len(set(told)) == 2
    assert all(job.id.encode() in heard.body for heard in receiver.heard)
    assert {heard.headers["x-request-id"] for heard in receiver.heard} == {"r-7"}
    states = {one.state for one in hooks.deliveries("default")}
    assert states == {JobState.SUCCEEDED}
    assert [one.result for one in hooks.deliveries("default")] == [{"status": 204}] * 2


def test_a_receiver_that_fails_is_told_again_later_and_a_replay_at_once(container, hooks, receiver):
    subscription = hooks.subscribe("default", receiver.url, author="ann")
    receiver.statuses = [503, 410, 204]
    delivery = hooks.test("default", subscription.id)

    at = container.runner.now()
    standing = replace(container.runner, now=lambda: at)
    standing.run(delivery.id)
    waiting = container.jobs.get("default", delivery.id)
    standing.serve("quick")

    assert (waiting.state, waiting.error["message"]) == (
        JobState.QUEUED, "The receiver answered HTTP 503.",
    )  # fmt: skip
    pause = waiting.not_before - at
    assert timedelta(0) < pause < timedelta(seconds=5 * 1.25)
    assert len(receiver.heard) == 1

    container.jobs.cancel("default", delivery.id)
    container.jobs.retry("default", delivery.id, "ann")
    container.runner.serve("quick")

    assert container.jobs.get("default", delivery.id).state is JobState.FAILED
    assert hooks.list("default")[0].disabled_reason == "The receiver answered 410 Gone."
    first, second = (heard.headers["webhook-id"] for heard in receiver.heard)
    assert first == second


def test_a_replay_has_all_attempts_and_pauses_again(container, hooks, receiver):
    subscription = hooks.subscribe("default", receiver.url, author="ann")
    receiver.statuses = [503]
    delivery = hooks.test("default", subscription.id)
    later = [timedelta(days=day) for day in range(2 * ATTEMPTS)]
    seconds = []

    for round_ in (0, 1):
        for attempt in range(ATTEMPTS):
            clock = container.runner.now() + later[round_ * ATTEMPTS + attempt]
            runner = replace(container.runner, now=lambda clock=clock: clock, chance=lambda: 0.5)
            assert runner.run(delivery.id)
            job = container.jobs.get("default", delivery.id)
            if job.not_before is not None:
                seconds.append(round((job.not_before - clock).total_seconds()))
        assert job.state is JobState.DEAD
        container.jobs.retry("default", delivery.id, "ann")

    assert seconds == [round(pause) for pause in PAUSES_S] * 2
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1


def test_promotions_rollbacks_and_quarantines_are_told(container, make, hooks, messages):
    hooks.subscribe("default", URL, author="ann")
    make("value", "mean")
    make("value", "linear")

    container.registry.rollback("default", "value", author="ann", reason="worse")
    container.registry.promote("default", "value", 2, alias="shadow", author="ann")
    container.registry.quarantine("default", "value", 2, author="ann", reason="bad")
    container.registry.quarantine("default", "value", 2, author="ann", reason="bad")

    assert messages() == [
        "version.promoted", "version.promoted", "version.promoted", "version.quarantined",
        "version.rolled_back",
    ]  # fmt: skip
    told = {one.payload["message"]["type"]: one.payload for one in hooks.deliveries("default")}
    data = told["version.rolled_back"]["message"]["data"]
    assert (data["alias"], data["version"], data["previous"]) == ("champion", "1", "2")
    assert (data["author"], data["reason"]) == ("ann", "worse")


def test_a_movement_that_is_refused_is_not_told(container, make, hooks, messages):
    make("value", "mean")
    hooks.subscribe("default", URL, author="ann")

    with pytest.raises(Conflict):
        container.registry.rollback("default", "value", author="ann")
    container.registry.promote("default", "value", 1, author="ann")  # it is champion already

    assert messages() == []


def test_a_drift_that_several_processes_notice_is_told_once(hooks, messages):
    hooks.subscribe("default", URL, author="ann")
    drift = Drift(
        tenant="default", service="value", version=1, name="x", measure="psi", value=0.5, threshold=0.2
    )  # fmt: skip

    with capture_logs() as events:
        hooks.drifted(drift)
        hooks.drifted(msgspec.structs.replace(drift, value=0.7))

    assert len(messages()) <= 2  # two, if a new hour began in between
    assert set(messages()) == {"drift.noticed"}
    assert events_of(events, "webhook.not_told") == []


def test_tenants_do_not_hear_of_each_other(container, declare, hooks, messages):
    declare()
    hooks.subscribe("other", URL, author="ann")
    job, _ = container.jobs.submit(TRAIN, Asked(tenant="default", service="value", author="ann"))

    container.jobs.cancel("default", job.id)

    assert messages() == []
    assert hooks.deliveries("other") == []
