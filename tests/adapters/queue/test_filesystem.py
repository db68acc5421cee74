"""The folder as a broker: whole messages, one reader each, nothing left."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from minerva.adapters.queue.celery_queue import CeleryQueue


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "queue"


@pytest.fixture
def app(celery, folder):
    return celery(f"filesystem://{folder}")


def test_only_the_owner_may_read_the_folders(app, folder):
    CeleryQueue(app).send("job-1", "train")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}

    assert modes == {0o700}


def test_messages_come_in_the_order_in_which_they_were_sent(app, take):
    queue = CeleryQueue(app)
    for number in range(5):
        queue.send(f"job-{number}", "train")

    next_id = take(app)

    assert [next_id() for _ in range(5)] == [f"job-{number}" for number in range(5)]


def test_of_many_readers_each_message_has_one(celery, app, folder, take):
    queue = CeleryQueue(app)
    for number in range(100):
        queue.send(f"job-{number}", "train")
    readers = [take(celery(f"filesystem://{folder}")) for _ in range(4)]

    def read_all(next_id):
        return list(iter(next_id, None))

    with ThreadPoolExecutor(4) as threads:
        received = [job_id for ids in threads.map(read_all, readers) for job_id in ids]

    assert sorted(received) == sorted(f"job-{number}" for number in range(100))


def test_a_reader_beside_a_writer_never_sees_half_a_message(celery, app, folder, take):
    next_id = take(celery(f"filesystem://{folder}"))
    queue = CeleryQueue(app)

    with ThreadPoolExecutor(1) as thread, capture_logs() as logs:
        writing = thread.submit(lambda: [queue.send(f"job-{n}", "train") for n in range(200)])
        received, finished = [], False
        while not finished:
            finished = writing.done()
            received += iter(next_id, None)

    assert sorted(received) == sorted(f"job-{number}" for number in range(200))
    assert logs == []


def test_a_damaged_message_is_logged_and_passed_over(app, folder, take):
    queue = CeleryQueue(app)
    next_id = take(app)
    (folder / "train" / "0-damaged.msg").write_text('{"body": ')
    queue.send("job-1", "train")

    with capture_logs() as logs:
        received = next_id()

    assert received == "job-1"
    assert [(entry["event"], entry["file"]) for entry in logs] == [
        ("queue.message_unreadable", "0-damaged.msg")
    ]
    assert list((folder / "train").iterdir()) == []


def test_what_a_killed_sender_left_unfinished_is_removed_after_an_hour(app, folder, take):
    CeleryQueue(app).send("job-1", "train")
    old, young = folder / "unfinished" / "old.msg", folder / "unfinished" / "young.msg"
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (time.time() - 7200,) * 2)

    take(app)

    assert [path.name for path in (folder / "unfinished").iterdir()] == ["young.msg"]


def test_waiting_messages_can_be_counted_and_purged(app, take):
    queue = CeleryQueue(app)
    for number in range(3):
        queue.send(f"job-{number}", "train")

    with app.connection_for_write() as connection:
        bound = app.amqp.queues["train"](connection.default_channel)
        assert bound.queue_declare().message_count == 3
        assert bound.purge() == 3

    assert take(app)() is None


def test_a_full_disk_is_told_and_leaves_no_half_message(folder):
    """A file size limit ends a write as a full disk does, without needing one."""
    program = """
import resource, signal, sys
from pathlib import Path
from minerva.adapters.queue.celery_app import make_celery
from minerva.adapters.queue.celery_queue import CeleryQueue
from minerva.errors import Unavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
queue = CeleryQueue(make_celery("filesystem://" + sys.argv[1]))
queue.send("job-1", "train")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    queue.send("job-2", "train")
except Unavailable as error:
    sys.stdout.write(error.message)
"""

    result = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )

    assert "File too large" in result.stdout
    assert len(list((folder / "train").iterdir())) == 1
    assert list((folder / "unfinished").iterdir()) == []
