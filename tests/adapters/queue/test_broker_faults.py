"""What becomes of senders and workers when their broker is away, restarted or emptied: on each."""

from __future__ import annotations

import signal
import time

import pytest
from brokers import wait_for_ids
from waiting import wait_until

from minerva.adapters.queue.celery_queue import CeleryQueue
from minerva.errors import Unavailable

PATIENCE_S = 20
"""The promise is about two seconds; a busy test machine gets more, but what waits for ever none."""
RABBIT = pytest.param("own_rabbit", marks=pytest.mark.needs("rabbitmq-server"))


@pytest.fixture(params=["own_folder", "own_redis", RABBIT])
def broker(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["own_redis", RABBIT])
def server(request):
    """A broker that is a process."""
    return request.getfixturevalue(request.param)


def refused(queue) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="queue_url"):
        queue.send("job-1", "train")
    assert time.monotonic() - started < PATIENCE_S


def test_the_first_message_after_a_broker_started_anew_arrives(server, celery, take):
    """Whoever sends it still holds the connection of before."""
    app = celery(server.url)
    CeleryQueue(app).send("before", "train")
    server.stop()
    server.start()

    CeleryQueue(app).send("after", "train")

    wait_for_ids(take(celery(server.url)), "after")


def test_a_sender_is_told_soon_and_sends_again_when_the_broker_is_back(broker, celery, take):
    app = celery(broker.url)
    queue = CeleryQueue(app)
    queue.send("job-1", "train")

    broker.stop()
    refused(queue)
    refused(queue)
    broker.start()
    sent_when_back(queue, "job-2")

    wait_for_ids(take(celery(broker.url)), "job-2")


def test_a_sender_is_told_soon_of_a_broker_that_does_not_answer(server, celery, take):
    app = celery(server.url)
    queue = CeleryQueue(app)
    queue.send("job-1", "train")

    server.process.send_signal(signal.SIGSTOP)
    refused(queue)
    server.process.send_signal(signal.SIGCONT)
    sent_when_back(queue, "job-2")

    wait_for_ids(take(app), "job-1", "job-2")


def test_a_worker_goes_on_when_the_broker_was_restarted(broker, start, celery):
    worker = start(broker.url)
    CeleryQueue(celery(broker.url)).send("job-1", "train")
    worker.wait_for("run job-1")

    broker.stop()
    broker.start()
    queue = CeleryQueue(celery(broker.url))
    more = [f"job-{number}" for number in range(2, 22)]
    for job_id in more:  # several at once: their threads share the connection
        sent_when_back(queue, job_id)

    for job_id in more:
        worker.wait_for(f"run {job_id}")


def test_a_worker_goes_on_when_all_that_waited_is_lost(broker, start, celery):
    worker = start(broker.url)
    queue = CeleryQueue(celery(broker.url))
    queue.send("job-1", "train")
    worker.wait_for("run job-1")

    broker.flush()
    sent_when_back(queue, "job-2")

    worker.wait_for("run job-2")


def test_a_worker_without_its_broker_ends_when_it_is_told_to(broker, start, celery):
    worker = start(broker.url)
    CeleryQueue(celery(broker.url)).send("job-1", "train")
    worker.wait_for("run job-1")
    broker.stop()

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(60) == 0


def sent_when_back(queue, job_id: str) -> None:
    """Send as the sweeper does: again, until it is taken."""

    def sent() -> bool:
        try:
            queue.send(job_id, "train")
        except Unavailable:
            return False
        return True

    wait_until(sent, what="the broker takes messages")
