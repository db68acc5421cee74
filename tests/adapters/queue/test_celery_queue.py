"""A broker that is away is told at once, without its password."""

from __future__ import annotations

import signal
import socket
import time

import pytest
from brokers import wait_for_ids

from minerva.adapters.queue.celery_queue import CeleryQueue
from minerva.errors import Unavailable

PATIENCE_S = 20
"""The promise is about two seconds; a busy test machine gets more, but what waits for ever none."""


@pytest.fixture
def closed_port(free_port):
    return free_port()


def refused(queue) -> str:
    started = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        queue.send("job-1", "train")
    assert time.monotonic() - started < PATIENCE_S
    return raised.value.message


def test_redis_that_does_not_listen(celery, closed_port):
    queue = CeleryQueue(celery(f"redis://legacy:hunter2@127.0.0.1:{closed_port}/0"))

    message = refused(queue)

    assert "queue_url" in message
    assert "hunter2" not in message


def test_rabbitmq_that_does_not_listen(celery, closed_port):
    message = refused(CeleryQueue(celery(f"amqp://legacy:hunter2@127.0.0.1:{closed_port}//")))

    assert "hunter2" not in message


def test_redis_that_accepts_but_never_answers(celery):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        refused(CeleryQueue(celery(f"redis://127.0.0.1:{port}/0")))


def test_redis_that_stops_answering_and_comes_back(celery, own_redis, take):
    app = celery(own_redis.url)
    queue = CeleryQueue(app)
    queue.send("job-1", "train")

    own_redis.process.send_signal(signal.SIGSTOP)
    refused(queue)
    own_redis.process.send_signal(signal.SIGCONT)
    queue.send("job-2", "train")

    wait_for_ids(take(app), "job-1", "job-2")


def test_redis_that_ended(celery, own_redis):
    queue = CeleryQueue(celery(own_redis.url))
    queue.send("job-1", "train")

    own_redis.process.kill()
    own_redis.process.wait()

    refused(queue)


def test_a_folder_that_cannot_be_made(celery, tmp_path):
    (tmp_path / "state").write_text("a file stands where the folder should be")

    message = refused(CeleryQueue(celery(f"filesystem://{tmp_path / 'state' / 'queue'}")))

    assert "queue_url" in message


def test_the_folder_is_made_again_when_it_was_removed(celery, tmp_path, take):
    import shutil

    app = celery(f"filesystem://{tmp_path / 'queue'}")
    queue = CeleryQueue(app)
    queue.send("job-1", "train")
    shutil.rmtree(tmp_path / "queue")

    refused(queue)
    queue.send("job-2", "train")

    assert take(app)() == "job-2"
