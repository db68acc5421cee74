"""A job whose process, worker, lease or database is lost: it is tried again, and takes effect once."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.bootstrap import open_job
from minerva.errors import Unavailable
from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.runner import Pace
from minerva.layers.abstraction.jobs.watch import LONGEST_BEAT_S
from minerva.settings import Settings, load


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_process_is_tried_again_and_gives_one_version(container, runner, submit, job):
    job_id = submit(train="die", once=True)
    container.queue.sent.clear()

    runner().run(job_id)
    first = job(job_id)
    runner().run(container.queue.sent.popleft())

    assert (first.state, first.error["code"]) == (JobState.QUEUED, "process_ended")
    assert "ended by signal 9; out of memory is a usual cause" in first.error["message"]
    second = job(job_id)
    assert (second.state, second.attempt) == (JobState.SUCCEEDED, 2)
    assert len(container.registry.versions("default", "job")) == 1
    assert list(container.queue.sent) == []


def test_after_the_last_attempt_a_job_is_dead(container, runner, submit, job):
    job_id = submit(max_attempts=1, train="die")
    container.queue.sent.clear()

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).attempt) == (JobState.DEAD, 1)
    assert list(container.queue.sent) == []


class Listening:
    """Leases that remember what each heartbeat heard: whether the job shall end."""

    def __init__(self, leases):
        self.leases, self.heard = leases, []
        self.claim, self.finish = leases.claim, leases.finish

    def renew(self, *told):
        """Renew, and remember what comes back."""
        self.heard.append(self.leases.renew(*told))
        return self.heard[-1]


def test_a_cancelled_job_ends_within_five_seconds_with_all_that_it_started(
    container, runner, submit, job, running, workspace
):
    job_id = submit(train="family")
    leases = Listening(container.stores.leases)
    future = running(runner(pace=Pace(Settings().lease_s), leases=leases), job_id)
    child, grandchild = (int((workspace / name).read_text()) for name in ("started", "grandchild"))

    container.jobs.cancel("default", job_id)
    future.result(timeout=60)

    assert job(job_id).state is JobState.CANCELLED
    assert leases.heard.count(True) == 1, "the first heartbeat that hears of it ends it"
    assert LONGEST_BEAT_S < 5
    assert not alive(child)
    wait_until(lambda: not alive(grandchild))


def database(workspace) -> sqlite3.Connection:
    """Open the metadata beside everyone else."""
    return sqlite3.connect(workspace / ".minerva" / "minerva.db", isolation_level=None, timeout=20)


def test_whoever_lost_the_lease_leaves_no_trace(runner, submit, job, running, workspace):
    job_id = submit(train="wait")
    with capture_logs() as events:
        future = running(runner(pace=Pace(2, 0)), job_id)
        other = database(workspace)
        other.execute("update jobs set lease_token = 'other', lease_until = '2999-01-01'")
        other.close()
        future.result(timeout=60)

    assert not alive(int((workspace / "started").read_text()))
    assert job(job_id).state is JobState.RUNNING
    assert job(job_id).error is None
    assert events_of(events, "job.lease_lost")
    assert not events_of(events, "job.finish_delayed")


def test_a_locked_database_does_not_disturb_the_training(submit, job, running, workspace):
    job_id = submit(train="wait")
    with (
        open_job(load(workspace, {"MINERVA_DATABASE_TIMEOUT_S": "0.1"})) as impatient,
        capture_logs() as events,
    ):
        pace = Pace(4, 0)
        future = running(replace(impatient.runner, pace=pace), job_id)
        other = database(workspace)
        other.execute("begin immediate")
        wait_until(lambda: events_of(events, "job.heartbeat_failed"))
        other.execute("rollback")
        other.close()
        (workspace / "go on").write_text("")
        future.result(timeout=60)

    assert job(job_id).state is JobState.SUCCEEDED


def test_a_worker_that_stops_puts_its_job_back(container, runner, submit, job, running, workspace):
    job_id = submit(train="wait")
    container.queue.sent.clear()
    stopped = runner()
    future = running(stopped, job_id)

    stopped.stop()
    future.result(timeout=60)
    stopped.run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.QUEUED, "worker_stopped")
    assert job(job_id).attempt == 1
    assert list(container.queue.sent) == []
    assert not alive(int((workspace / "started").read_text()))


PARENT = """
import sys
from dataclasses import replace
from pathlib import Path
from minerva.bootstrap import open_job
from minerva.settings import load

with open_job(load(Path(sys.argv[1]), {})) as container:
    container.runner.run(sys.argv[2])
"""


def test_a_job_ends_with_its_killed_worker_and_is_taken_up_by_another(
    container, runner, submit, job, workspace
):
    job_id = submit(train="family", once=True)
    worker = subprocess.Popen([sys.executable, "-c", PARENT, str(workspace), job_id])
    wait_until((workspace / "started").exists)
    child, grandchild = (int((workspace / name).read_text()) for name in ("started", "grandchild"))

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    wait_until(lambda: not alive(child) and not alive(grandchild))
    assert job(job_id).state is JobState.RUNNING
    later = container.runner.now() + timedelta(minutes=10)
    assert [one.job.id for one in container.stores.leases.recover(later)] == [job_id]
    runner().run(job_id)
    assert job(job_id).state is JobState.SUCCEEDED
    assert len(container.registry.versions("default", "job")) == 1


def test_what_a_dead_process_left_behind_does_not_hold_its_job(runner, submit, job):
    """A forked child holds the channel open for ten minutes."""
    job_id = submit(train="orphan")

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.QUEUED, "process_ended")


def test_of_two_workers_one_runs_the_job(container, runner, submit, job):
    job_id = submit("linear")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: runner().run(job_id), range(2)))

    assert (job(job_id).state, job(job_id).attempt) == (JobState.SUCCEEDED, 1)


class Delaying:
    """Leases whose `finish` is unavailable so many times."""

    def __init__(self, leases, times):
        self.leases, self.times = leases, times
        self.claim, self.renew = leases.claim, leases.renew

    def finish(self, *arguments, **named):
        """Fail, then work."""
        self.times -= 1
        if self.times >= 0:
            raise Unavailable("The database is locked.")
        return self.leases.finish(*arguments, **named)


def test_a_process_that_cannot_be_started_is_tried_again(container, runner, submit, job, tmp_path):
    (tmp_path / "file").write_text("")
    job_id = submit()
    leases = Delaying(container.stores.leases, 1)

    with capture_logs() as events:
        runner(folder=tmp_path / "file" / "jobs", leases=leases).run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.QUEUED, "unavailable")
    assert "could not be started: Not a directory" in job(job_id).error["message"]
    assert len(events_of(events, "job.finish_delayed")) == 1


def test_a_database_that_stays_away_leaves_the_job_to_its_lease(
    container, runner, submit, job, tmp_path
):
    (tmp_path / "file").write_text("")
    job_id = submit()
    leases = Delaying(container.stores.leases, 1000)

    with pytest.raises(Unavailable):
        runner(folder=tmp_path / "file" / "jobs", leases=leases, pace=Pace(0.5, 0)).run(job_id)

    assert job(job_id).state is JobState.RUNNING


def test_a_job_that_someone_holds_is_not_to_be_had(container, runner, submit, job):
    job_id = submit()
    now = container.runner.now()
    container.stores.leases.claim(job_id, Lease("t", "me", now + timedelta(hours=1)), now)

    runner().run(job_id)
    runner().run("no such job")

    assert job(job_id).attempt == 1
