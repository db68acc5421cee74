"""What tests of jobs share: the worker's side of one, and a service that misbehaves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from waiting import wait_until

from minerva.layers.abstraction.jobs.runner import Limits

LIMITS = Limits(lease_s=20, time_s=120, memory_mb=0)


@pytest.fixture
def runner(container):
    """Make a runner; `limits` and more replace its parts."""

    def made(**parts):
        stopping = threading.Event()
        return replace(container.runner, **{"limits": LIMITS, "_stopping": stopping, **parts})

    return made


@pytest.fixture
def submit(container, declare):
    """Declare a service that misbehaves, submit its training and return the job's id."""

    def submitted(algorithm="misbehaving", max_attempts=2, **ways) -> str:
        configuration = declare("job", algorithm, parameters=ways)
        job, _ = replace(container.jobs, max_attempts=max_attempts).submit_training(
            configuration.tenant,
            configuration.service,
            request_id="r-1",
            trace_id="t-1",
            idempotency_key=None,
            author="ann",
        )
        return job.id

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
