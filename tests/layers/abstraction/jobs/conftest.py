"""What tests of jobs share: the worker's side of one, and a service that misbehaves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from waiting import wait_until

from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.jobs.limits import JobLimits
from minerva.layers.abstraction.jobs.runner import Pace

PACE = Pace(lease_s=20, first_pause_s=0)
LIMITS = JobLimits(time_s=120)
ANN = Asked(tenant="default", service="job", author="ann", request_id="r-1", trace_id="t-1")


@pytest.fixture
def runner(container):
    """Make a runner that does not rest between attempts; `pace` and more replace its parts."""

    def made(**parts):
        stopping = threading.Event()
        return replace(container.runner, **{"pace": PACE, "_stopping": stopping, **parts})

    return made


@pytest.fixture
def submit(container, declare):
    """Declare a service that misbehaves, submit its training and return the job's id."""

    def submitted(algorithm="misbehaving", max_attempts=2, limits=LIMITS, **ways) -> str:
        declare("job", algorithm, parameters=ways)
        jobs = replace(container.jobs, max_attempts=max_attempts, limits=limits)
        return jobs.submit(TRAIN, ANN)[0].id

    return submitted


@pytest.fixture
def errand(container, declare):
    """Submit a job of the kind `errand` and return its id."""
    declare("job", "linear")

    def submitted(do="", kind="errand", max_attempts=3, limits=None, asked=ANN, **more) -> str:
        jobs = replace(
            container.jobs, max_attempts=max_attempts, limits=limits or JobLimits(time_s=120)
        )
        return jobs.submit(kind, asked, {"do": do, **more})[0].id

    return submitted


@pytest.fixture
def job(container):
    """Look at a job."""
    return lambda job_id: container.jobs.get("default", job_id)


@pytest.fixture
def running(workspace):
    """Run a job in a thread; the block begins when the plugin has it."""
    threads = ThreadPoolExecutor(1)

    def started(runner, job_id):
        future = threads.submit(runner.run, job_id)
        wait_until(lambda: (workspace / "started").exists() or future.done())
        assert not future.done()
        return future

    yield started
    (workspace / "go on").write_text("")
    threads.shutdown()


@pytest.fixture
def in_thread(workspace):
    """Do something in a thread of its own; whatever waits in the workspace goes on in the end."""
    threads = ThreadPoolExecutor(8)
    yield threads.submit
    (workspace / "go on").touch()
    threads.shutdown()


@pytest.fixture
def background(in_thread):
    """Run a job in a thread."""
    return lambda runner, job_id: in_thread(runner.run, job_id)
