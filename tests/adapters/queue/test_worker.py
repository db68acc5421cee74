"""Real worker processes on a folder, on Redis and on RabbitMQ."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from statistics import median

import pytest
from waiting import wait_until

from minerva.adapters.queue.celery_queue import CeleryQueue

RABBIT = pytest.param("rabbit_url", marks=pytest.mark.needs("rabbitmq-server"))


@pytest.fixture(params=["folder_url", "redis_url", RABBIT])
def url(request):
    return request.getfixturevalue(request.param)


def test_a_sent_id_reaches_the_runner_of_a_worker_that_starts_later(url, start, celery):
    CeleryQueue(celery(url)).send("job-1", "train")

    worker = start(url)

    worker.wait_for("run job-1")


def test_a_job_that_raises_does_not_keep_the_next_one_from_running(url, start, celery):
    queue = CeleryQueue(celery(url))
    worker = start(url)

    queue.send("fail-1", "train")
    queue.send("job-2", "train")

    worker.wait_for("run job-2")


def test_sigterm_puts_running_jobs_back_and_starts_no_other(url, start, celery):
    """The message of the third one may be gone; its row is queued, so the sweeper sends it again."""
    queue = CeleryQueue(celery(url))
    worker = start(url)
    for job_id in ("hold-1", "hold-2"):  # as many as it has threads
        queue.send(job_id, "train")
        worker.wait_for(f"run {job_id}")
    queue.send("job-3", "train")

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(60) == 0
    assert worker.lines()[:2] == ["run hold-1", "run hold-2"]
    assert sorted(worker.lines()[2:]) == ["put back hold-1", "put back hold-2"]


def test_kill_minus_9_loses_at_most_the_message_of_the_running_job(url, start, celery):
    """The lease in the database brings the running job back, whether or not the queue does."""
    queue = CeleryQueue(celery(url))
    killed = start(url)
    queue.send("hold-1", "train")
    killed.wait_for("run hold-1")

    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    queue.send("job-2", "train")
    next_worker = start(url)

    next_worker.wait_for("run job-2")
    assert [line for line in next_worker.lines() if line != "run hold-1"] == ["run job-2"]


def test_two_workers_on_one_broker_share_the_messages_and_run_each_once(url, start, celery):
    workers = [start(url), start(url)]
    for worker in workers:
        worker.wait_until_ready()
    queue, sent = CeleryQueue(celery(url)), []

    def both_run() -> bool:
        """Send one more; of many, one may stand still while the other runs what there is."""
        queue.send(f"job-{len(sent)}", "train")
        sent.append(f"run job-{len(sent)}")
        return len(sent) >= 60 and all(worker.lines() for worker in workers)

    wait_until(both_run, what="both run some")
    wait_until(lambda: ran(workers) >= len(sent), what="all have run")
    assert sorted(workers[0].lines() + workers[1].lines()) == sorted(sent)


def ran(workers) -> int:
    """How many jobs they ran together."""
    return sum(len(worker.lines()) for worker in workers)


def test_a_worker_uses_our_broker_although_the_environment_names_another(url, start, celery):
    legacy = {
        **os.environ,
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "CELERY_BROKER_READ_URL": "redis://127.0.0.1:1/0",
        "CELERY_RESULT_BACKEND": "redis://127.0.0.1:1/0",
    }
    CeleryQueue(celery(url)).send("job-1", "train")

    worker = start(url, environment=legacy)

    worker.wait_for("run job-1")


def test_a_worker_starts_without_a_word_and_leaves_no_file_behind(
    folder_url, start, celery, tmp_path
):
    CeleryQueue(celery(folder_url)).send("job-1", "train")
    worker = start(folder_url)
    worker.wait_for("run job-1")

    assert worker.errors() == ""
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(60) == 0
    assert worker.errors().split() == ["worker:", "Warm", "shutdown", "(MainProcess)"]
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


def test_beat_ticks_at_its_interval_without_a_broker_and_ends_on_sigterm(start):
    beat = start("redis://127.0.0.1:1/0", "beat")

    wait_until(lambda: len(beat.lines()) >= 8, what="eight ticks")
    beat.process.send_signal(signal.SIGTERM)

    assert beat.process.wait(60) == 0
    ticks = [float(line.removeprefix("tick ")) for line in beat.lines()]
    assert 0.2 < median(later - one for one, later in pairwise(ticks)) < 3
