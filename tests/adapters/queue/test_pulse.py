"""Signs of life of a real worker: those of the loop that takes messages, not only of the process."""

import os
import subprocess
import sys
import textwrap
from time import monotonic

import pytest
from waiting import wait_until

from minerva.cli.presence import find

HANGING = """
    import sys, threading
    from pathlib import Path
    from celery.signals import worker_ready
    from minerva.adapters.queue import pulse
    from minerva.cli import main

    pulse.HANGS_AFTER_S = 1
    def ready(**_):
        Path("ready").touch()
        if "hang" in how:
            threading.Event().wait()

    how = sys.argv[1:]
    worker_ready.connect(ready, weak=False)
    sys.argv[1:] = ["worker"]
    main()
"""
SILENT_S = 5


@pytest.fixture
def worker(tmp_path):
    """Start a worker on a broker; ended after the test."""
    started = []
    (tmp_path / "minerva.toml").write_text("poll_interval_s = 0.1\n")

    def start(url, *how):
        environment = os.environ | {"MINERVA_WORKSPACE": str(tmp_path), "MINERVA_QUEUE_URL": url}
        command = [sys.executable, "-c", textwrap.dedent(HANGING), *how]
        started.append(subprocess.Popen(command, env=environment, cwd=tmp_path))

        def age():
            return next(iter(find(tmp_path / ".minerva" / "run", "worker").values()), None)

        wait_until((tmp_path / "ready").exists, 90)
        return age

    yield start
    for process in started:
        process.kill()
        process.wait(60)


def test_a_worker_whose_loop_hangs_gives_no_sign_although_its_process_lives(worker, redis_url):
    age = worker(redis_url, "hang")

    wait_until(lambda: age() > SILENT_S, 60)


def test_a_worker_that_waits_for_messages_gives_signs_and_without_a_broker_too(worker, own_redis):
    age = worker(own_redis.url)
    gives_signs_for(age, 2 * SILENT_S)
    own_redis.stop()

    gives_signs_for(age, 2 * SILENT_S)


def gives_signs_for(age, seconds):
    """Wait until there is a sign from after these seconds: a worker may stand still, but goes on."""
    until = monotonic() + seconds
    wait_until(lambda: monotonic() - age() > until, seconds + 60, age)
