"""One message to one receiver: signed anew for each attempt, and under one id."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from receiver import Receiver
from standardwebhooks.webhooks import Webhook

from minerva.adapters.metadata import open_metadata
from minerva.adapters.webhooks.posting import Posting
from minerva.errors import Conflict, NotFound, NotPermitted, Unavailable
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.webhooks.deliveries import ATTEMPTS, PAUSES_S, delivery
from minerva.layers.abstraction.webhooks.delivering import Delivering
from minerva.layers.abstraction.webhooks.happening import Happening
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS, MasterKey
from minerva.layers.abstraction.webhooks.subscription import Subscription
from minerva.layers.abstraction.webhooks.targets import Targets

KEY = MasterKey(bytes(range(32)))
TRACE = "0af7651916cd43dd8448eb211c80319c"
AT = datetime(2026, 3, 1, tzinfo=UTC)
HAPPENING = Happening(
    "acme", "churn", "job.failed", "j1:failed:1", AT, {"job_id": "j1"}, "r-1", TRACE
)
TO_SUBSCRIPTION = delivery(HAPPENING, "s1", subscription="s1")


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def subscriptions(migrated, tmp_path, receiver):
    """A store that holds the subscription `s1` of the receiver."""
    file = tmp_path / "minerva.db"
    file.write_bytes(migrated.read_bytes())
    stores = open_metadata(f"sqlite:///{file}", 20)
    stores.subscriptions.add(
        Subscription("s1", "acme", "", receiver.url, ("job.failed",), "ann", AT)
    )
    yield stores.subscriptions
    stores.close()


@pytest.fixture
def kind(subscriptions, receiver):
    """The kind `deliver`, whose clock goes on by a second each time."""
    targets = Targets.parse(f"127.0.0.1:{receiver.port}")
    start, seconds = datetime.now(UTC), iter(range(100))
    return Delivering(
        subscriptions=subscriptions,
        targets=targets,
        key=lambda: KEY,
        post=Posting(targets),
        now=lambda: start + timedelta(seconds=next(seconds)),
    )


@pytest.fixture
def deliver(kind, tmp_path):
    """Make one attempt at a delivery."""
    attempt = Attempt(lambda _share, _message="": None, tmp_path)
    return lambda job: kind.work(job, attempt)


@pytest.fixture
def to_url(receiver):
    """The delivery to a job's own URL."""
    return delivery(HAPPENING, "u", url=receiver.url)


def test_a_receiver_verifies_the_message_with_its_own_secret(deliver, receiver, to_url):
    assert deliver(TO_SUBSCRIPTION) == {"status": 204}
    assert deliver(to_url) == {"status": 204}

    for heard, name in zip(receiver.heard, ("s1", CALLBACKS), strict=True):
        message = Webhook(KEY.secret_text("acme", name)).verify(heard.body, heard.headers)
        assert message == HAPPENING.message()
        assert heard.headers["x-request-id"] == "r-1"
        assert heard.headers["content-type"] == "application/json"
        assert heard.headers["traceparent"].startswith(f"00-{TRACE}-")


def test_another_attempt_has_the_same_id_and_body_and_a_time_of_its_own(deliver, receiver, to_url):
    deliver(to_url)
    deliver(to_url)

    first, second = receiver.heard
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for name in ("webhook-timestamp", "webhook-signature"):
        assert first.headers[name] != second.headers[name]


@pytest.mark.parametrize("status", [301, 308, 400, 401, 404, 429, 500, 503, 599])
def test_any_answer_but_success_may_pass(deliver, receiver, to_url, status):
    receiver.statuses = [status]

    with pytest.raises(Unavailable, match=f"HTTP {status}"):
        deliver(to_url)


def test_gone_ends_a_subscription(deliver, receiver, subscriptions, to_url):
    receiver.statuses = [410]

    with pytest.raises(Conflict, match="its subscription is disabled"):
        deliver(TO_SUBSCRIPTION)
    with pytest.raises(Conflict, match="410 Gone"):
        deliver(to_url)
    with pytest.raises(Conflict, match="is disabled"):
        deliver(TO_SUBSCRIPTION)
    assert len(receiver.heard) == 2
    assert subscriptions.get("acme", "s1").disabled_reason == "The receiver answered 410 Gone."


def test_a_removed_subscription_is_not_told(deliver, receiver, subscriptions):
    subscriptions.remove("acme", "s1")

    with pytest.raises(NotFound, match="was removed"):
        deliver(TO_SUBSCRIPTION)
    assert receiver.heard == []


def test_a_host_that_is_not_listed_any_more_is_not_told(kind, receiver, tmp_path):
    narrowed = replace(kind, targets=Targets.parse("hooks.example.com"))

    with pytest.raises(NotPermitted):
        narrowed.work(TO_SUBSCRIPTION, Attempt(lambda _share, _message="": None, tmp_path))
    assert receiver.heard == []


def test_a_key_that_cannot_be_read_is_waited_for(kind, receiver, tmp_path):
    file = tmp_path / "webhook.key"
    file.write_text("damaged")
    damaged = replace(kind, key=lambda: MasterKey.open(file))

    with pytest.raises(Unavailable, match="webhook key"):
        damaged.work(TO_SUBSCRIPTION, Attempt(lambda _share, _message="": None, tmp_path))
    assert receiver.heard == []


def test_a_caller_cannot_ask_for_a_delivery(kind, receiver):
    with pytest.raises(NotPermitted, match="callback_url"):
        kind.check(None, {"url": receiver.url})


def test_the_attempts_take_a_day():
    assert sum(PAUSES_S) > 24 * 3600
    assert TO_SUBSCRIPTION.max_attempts == ATTEMPTS == len(PAUSES_S) + 1


def test_the_same_happening_and_target_make_the_same_delivery(to_url):
    assert delivery(HAPPENING, "s1", subscription="s1") == TO_SUBSCRIPTION
    assert to_url.id != TO_SUBSCRIPTION.id
    assert json.loads(json.dumps(to_url.payload)) == to_url.payload
