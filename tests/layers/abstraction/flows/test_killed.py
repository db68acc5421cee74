"""What does a step is killed while a caller waits: containers, workers and jobs, each a real process."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from flow_house import House, flow
from waiting import wait_until

from minerva.bootstrap import open_web
from minerva.client import Client
from minerva.errors import Unavailable
from minerva.settings import load

SETTINGS = "lease_s = 10\nsweep_interval_s = 1\nretry_pause_s = 0.01\nweb_workers = 1\n"
DEADLINE_MS = 100_000


@pytest.fixture
def house(workspace):
    """A process that serves the workspace, where what is lost is noticed soon."""
    (workspace / "minerva.toml").write_text(SETTINGS)
    with ExitStack() as opened:
        yield House(opened.enter_context(open_web(load(workspace, {}))), workspace)


@contextmanager
def running(house, name, port=8080):
    """Run `minerva serve`, `worker` or `beat` on the same workspace, in a session of its own."""
    names = {"MINERVA_WORKSPACE": house.workspace, "MINERVA_AUTH": "none", "MINERVA_PORT": port}
    with (house.workspace / f"{name}.out").open("a") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "minerva.cli", name],
            env=os.environ | {key: str(value) for key, value in names.items()},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


@contextmanager
def another(house, port):
    """Another container that does steps; it is ready."""
    with running(house, "serve", port) as process, Client(f"http://127.0.0.1:{port}") as client:

        def ready():
            try:
                return client.ready()["status"] == "ready"
            except Unavailable:
                return False

        wait_until(ready)
        yield process


def declare(house, **how):
    """A flow whose step is held by whoever does it; return where that says so."""
    hold = {"handle": "hold", "inputs": {"value": "count"}, "deadline_ms": DEADLINE_MS, **how}
    assert house.declare(flow({"hold": hold}, answer={"total": "hold.value"})) == []
    return house.container.loaded.state / "volumes" / "default" / "flow" / "shared"


@contextmanager
def asked(house, shared):
    """Ask the flow, and give the coming answer and who holds it."""
    with ThreadPoolExecutor(1) as callers:
        coming = callers.submit(house.predict, {"count": 3})
        try:
            wait_until(lambda: (shared / "held").exists() or coming.done())
            yield coming, int((shared / "held").read_text())
        finally:
            shared.mkdir(parents=True, exist_ok=True)
            (shared / "go").touch()


def test_a_container_that_is_killed_in_its_step_is_told_by_the_step_s_name(house, free_port):
    port = free_port()
    shared = declare(house, where=f"http://127.0.0.1:{port}")

    with another(house, port) as container, asked(house, shared) as (coming, holder):
        assert os.getpgid(holder) == container.pid  # it is done there
        os.killpg(container.pid, signal.SIGKILL)

        with pytest.raises(Unavailable, match="Step 'hold' of the flow failed"):
            coming.result(DEADLINE_MS / 1000)


def test_a_container_that_comes_back_is_asked_again(house, free_port):
    port = free_port()
    shared = declare(house, where=f"http://127.0.0.1:{port}", retries=10)

    with another(house, port) as container, asked(house, shared) as (coming, _):
        os.killpg(container.pid, signal.SIGKILL)
        container.wait()
        (shared / "go").touch()
        with another(house, port):
            assert coming.result(DEADLINE_MS / 1000) == [{"total": 3.0}]


def test_what_a_killed_worker_was_at_another_worker_does(house):
    shared = declare(house, where="queue:quick")

    with running(house, "worker") as worker, asked(house, shared) as (coming, holder):
        worker.kill()
        worker.wait()
        (shared / "go").touch()
        with running(house, "beat"), running(house, "worker"):
            assert coming.result(DEADLINE_MS / 1000) == [{"total": 3.0}]

    (job,) = house.container.jobs.list("default", kind="flow.quick")
    assert (job.state, job.attempt) == ("succeeded", 2)
    assert holder != worker.pid


def test_a_step_s_job_that_is_killed_is_done_again(house):
    shared = declare(house, where="queue:quick")

    with running(house, "worker"), running(house, "beat"), asked(house, shared) as (coming, holder):
        os.kill(holder, signal.SIGKILL)
        (shared / "go").touch()
        assert coming.result(DEADLINE_MS / 1000) == [{"total": 3.0}]

    (job,) = house.container.jobs.list("default", kind="flow.quick")
    assert (job.state, job.attempt) == ("succeeded", 2)
