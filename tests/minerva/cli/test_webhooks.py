"""`minerva webhooks`, with a real worker and a real receiver: what is lost, killed or replayed."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from declared import ANSWER
from receiver import Receiver
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from waiting import wait_until

from minerva.bootstrap import open_control
from minerva.cli.webhooks import EVENTS
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.webhooks import happening
from minerva.settings import load

URL = "https://hooks.example.com/minerva"
LEASE_S = 5
"""So long is waited for a killed worker; a loaded machine must keep its leases nevertheless."""


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def workspace(minerva, tmp_path, receiver):
    """A workspace whose operator has listed the receiver and a host elsewhere."""
    minerva("init")
    (tmp_path / "minerva.toml").write_text(
        f'webhook_targets = "hooks.example.com 127.0.0.1:{receiver.port}"\nsweep_interval_s = 0.5\n'
    )
    return tmp_path


@pytest.fixture
def told(minerva, workspace):
    """What a command tells machines."""

    def run(*arguments):
        return json.loads(minerva("webhooks", *arguments, "--json").stdout)

    return run


@contextmanager
def process(workspace, name):
    """Run `minerva worker` or `minerva beat`; a worker is killed with everything that it started."""
    environment = {key: value for key, value in os.environ.items() if "MINERVA_" not in key}
    started = subprocess.Popen(
        [sys.executable, "-m", "minerva.cli", "--workspace", str(workspace), name],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        started.terminate()
        started.wait(60)


def test_the_events_are_those_that_there_are():
    assert EVENTS == happening.EVENTS


def test_a_subscription_is_added_listed_and_removed(minerva, told):
    added = told("add", URL, "--event", "job.failed")

    assert added["events"] == ["job.failed"]
    assert told("secret", added["id"])["secret"] == added["secret"]
    assert minerva("webhooks", "secret", added["id"]).stdout.strip() == added["secret"]
    shown = minerva("webhooks").stdout
    assert (URL in shown, added["secret"] in shown) == (True, False)
    assert f"{added['id']} is removed" in minerva("webhooks", "remove", added["id"]).stdout
    assert minerva("webhooks", "list").stdout.startswith("Nobody is told of anything")


def test_a_person_is_shown_the_secret_and_what_to_do_next(minerva, workspace):
    result = minerva("webhooks", "add", URL)

    assert "whsec_" in result.stdout
    assert "minerva webhooks test" in result.stderr


@pytest.mark.parametrize(
    ("url", "said", "code"),
    [
        ("http://169.254.169.254/x", "webhook_targets", 1),
        ("https://elsewhere.example.com/", "let the operator add", 1),
        ("hooks.example.com", "no URL of a receiver", 2),
    ],
)
def test_a_url_that_may_not_be_told_is_refused(minerva, workspace, url, said, code):
    result = minerva("webhooks", "add", url)

    assert result.exit_code == code
    assert said in result.stderr


def test_a_list_of_targets_that_cannot_be_read_is_told(minerva, workspace):
    (workspace / "minerva.toml").write_text('webhook_targets = "https://hooks.example.com"\n')

    result = minerva("webhooks")

    assert result.exit_code == 2
    assert "webhook_targets cannot be read" in result.stderr


def test_without_a_worker_a_test_says_so(minerva, told, receiver):
    added = told("add", receiver.url)

    result = minerva("webhooks", "test", added["id"], "--wait", "0.1")

    assert result.exit_code == 1
    assert "is one running?" in result.stderr
    assert receiver.heard == []


def test_a_worker_sends_and_the_receiver_verifies(minerva, told, receiver, workspace):
    added = told("add", receiver.url)

    with process(workspace, "worker"):
        result = minerva("webhooks", "test", added["id"], "--wait", "240")

    assert (result.exit_code, "answered 204" in result.stdout) == (0, True)
    (heard,) = receiver.heard
    message = Webhook(added["secret"]).verify(heard.body, heard.headers)
    assert message["type"] == "webhook.test"
    (listed,) = told("deliveries", added["id"])["deliveries"]
    assert listed["webhook_id"] == heard.headers["webhook-id"]
    assert "answered 204" in minerva("webhooks", "deliveries").stdout


def test_a_training_under_up_tells_its_url_and_subscribers(
    minerva, told, receiver, workspace, start_up, free_port
):
    with (workspace / "minerva.toml").open("a") as settings:
        settings.write(f"port = {free_port()}\nweb_workers = 1\n")
    (workspace / "services" / "answer.yaml").write_text(ANSWER)
    added = told("add", receiver.url, "--event", "job.succeeded")
    secrets = {told("secret", "callbacks")["secret"], added["secret"]}
    house = start_up(workspace, workspace / "up.log")

    try:
        result = minerva("train", "answer", "--callback-url", receiver.url, "--json")
        assert result.exit_code == 0, result.output
        wait_until(lambda: len(receiver.heard) > 1, what="both messages")
    finally:
        house.terminate()
        house.wait(60)

    job = json.loads(result.stdout)["job"]
    assert job["state"] == "succeeded"
    assert len(receiver.heard) == len(secrets)
    for heard in receiver.heard:
        message = json.loads(heard.body)
        assert (message["type"], message["data"]["job_id"]) == ("job.succeeded", job["id"])
        assert heard.headers["x-request-id"] == job["request_id"]
        assert any(verifies(secret, heard) for secret in secrets)


def verifies(secret, heard) -> bool:
    """Whether a receiver with this secret accepts what it heard."""
    try:
        Webhook(secret).verify(heard.body, heard.headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_receiver_that_fails_is_told(minerva, told, receiver, workspace):
    added = told("add", receiver.url)
    receiver.statuses = [302]

    with process(workspace, "worker"):
        result = minerva("webhooks", "test", added["id"], "--wait", "240")

    assert result.exit_code == 1
    assert "redirects are not followed" in result.stdout
    assert "Next attempt" in result.stdout


def test_a_worker_that_is_killed_while_it_delivers_loses_nothing(told, receiver, workspace):
    """The receiver may hear the message again, under the same id; the delivery ends once."""
    with (workspace / "minerva.toml").open("a") as settings:
        settings.write(f"lease_s = {LEASE_S}\n")
    added = told("add", receiver.url)
    receiver.hold = threading.Event()
    with open_control(load(workspace, {})) as container:
        delivery = container.webhooks.test("default", added["id"])
        with process(workspace, "worker") as killed:
            wait_until(lambda: receiver.heard, what="the first attempt")
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait()
        receiver.hold.set()

        def ended():
            return container.jobs.get("default", delivery.id).state.ended

        with process(workspace, "beat"), process(workspace, "worker"):
            wait_until(ended, what="the second attempt")

        events = container.jobs.events("default", delivery.id)
    assert [event.state for event in events if event.state.ended] == [JobState.SUCCEEDED]
    assert len(receiver.heard) > 1
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1
    assert len({heard.body for heard in receiver.heard}) == 1


def test_what_ended_while_no_message_could_be_sent_is_told_later(told, receiver, workspace):
    """The broker forgets everything; the row is there, and beat has it sent."""
    told("add", receiver.url)
    with open_control(load(workspace, {})) as container:
        (subscription,) = container.webhooks.list("default")
        delivery = container.webhooks.test("default", subscription.id)
    for message in (workspace / ".minerva" / "queue").rglob("*.msg"):
        message.unlink()

    with process(workspace, "worker"), process(workspace, "beat"):
        wait_until(lambda: receiver.heard, what="the message")

    assert receiver.heard[0].headers["webhook-id"] == f"msg_{delivery.id}"
