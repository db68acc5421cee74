"""Batches in processes of their own, as workers run them: killed, cancelled, shared."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest
from batches import people, read_rows, write_rows
from pyarrow import parquet
from waiting import wait_until

from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.runner import Pace

ROWS = 400_000
"""Twelve chunks and a bit."""


@pytest.fixture
def runner(container):
    """Make a runner that does not rest between attempts."""

    def made():
        pace = Pace(lease_s=20, first_pause_s=0)
        return replace(container.runner, pace=pace, _stopping=threading.Event())

    return made


@pytest.fixture
def job_of(container):
    """Look at a job."""
    return lambda job: container.jobs.get("default", job.id)


@pytest.fixture
def slow(service, make, data):
    """A service whose model answers as many calls as the file `allowed` says, and its input."""
    make("value", "waits")
    rows = {"id": [f"c-{n}" for n in range(ROWS)], "x": [n % 7 + 1 for n in range(ROWS)]}
    parquet.write_table(pa.table(rows), data / "people.parquet", row_group_size=50_000)


def chunks_of(data, job):
    """Return chunk → when it was written, of the job's staging folder."""
    staging = data / f".scores.parquet.{job.id}"
    return {
        str(path.relative_to(staging)): path.stat().st_mtime_ns
        for path in staging.glob("*/*.arrow")
    }


def assert_all_scored_once(data):
    scores = parquet.read_table(data / "scores.parquet")
    assert scores.num_rows == ROWS
    assert scores.column("id").to_pylist() == [f"c-{n}" for n in range(ROWS)]
    assert scores.column("y").to_pylist() == [2.0 * (n % 7 + 1) for n in range(ROWS)]
    assert {path.name for path in data.iterdir()} == {"people.parquet", "scores.parquet"}


def test_after_a_kill_in_the_middle_no_chunk_is_scored_again_and_no_row_is_written_twice(
    slow, submit, runner, job_of, workspace, data
):
    (workspace / "allowed").write_text("30")  # calls of 8,192 rows: seven chunks and a half
    job = submit(input="data/people.parquet", output="data/scores.parquet")
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(runner().run, job.id)
        try:
            wait_until(lambda: (workspace / "waiting").exists() or first.done(), 60)
            before = chunks_of(data, job)
            os.kill(int((workspace / "waiting").read_text()), signal.SIGKILL)
            first.result(60)
        except BaseException:  # else the pool waits for what waits for ever
            (workspace / "allowed").unlink()
            raise
    assert job_of(job).state is JobState.QUEUED
    assert sorted(before) == [f"00000/{n:08}.arrow" for n in range(7)]

    (workspace / "waiting").unlink()
    (workspace / "allowed").write_text("20")  # what is left, but for the last call
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(runner().run, job.id)
        wait_until(lambda: (workspace / "waiting").exists() or second.done(), 60)
        seen = chunks_of(data, job)
        (workspace / "allowed").unlink(missing_ok=True)
        second.result(60)

    ended = job_of(job)
    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 2), ended.error
    assert {name: seen[name] for name in before} == before
    assert len(seen) == 12
    assert_all_scored_once(data)


def test_what_is_staged_counts_towards_the_limit_of_disk(
    slow, make, submit, runner, job_of, workspace, data
):
    make("value", "waits", jobs={"disk_mb": 1})
    (workspace / "allowed").write_text("30")
    job = submit(input="data/people.parquet", output="data/scores.parquet")

    runner().run(job.id)

    ended = job_of(job)
    assert (ended.state, ended.error["code"]) == (JobState.FAILED, "disk_limit")
    assert {path.name for path in data.iterdir()} == {"people.parquet"}


def test_the_limit_of_disk_holds_for_all_parts_together(
    slow, make, submit, runner, job_of, container, workspace, data
):
    make("value", "waits", jobs={"disk_mb": 4})  # the first part stages 3.8 MiB
    job = submit(input="data/people.parquet", output="data/scores.parquet", parts=2)
    runner().run(job.id)
    first, second = container.jobs.list("default", parent=job.id)
    runner().run(first.id)
    (workspace / "allowed").write_text("10")

    runner().run(second.id)
    runner().run(job.id)

    assert job_of(first).state is JobState.SUCCEEDED
    assert job_of(second).error["code"] == "disk_limit"
    assert job_of(job).state is JobState.FAILED
    assert "wrote more than 4 MiB" in job_of(job).error["message"]


def test_what_a_worker_staged_that_died_after_the_end_is_removed_by_the_next(
    submit, runner, container, data
):
    write_rows(data / "people.csv", people(40))
    job = submit(input="data/people.csv", output="data/scores.csv")
    runner().run(job.id)
    (data / f".scores.csv.{job.id}").mkdir()
    (container.jobs.folder / job.id / "work").mkdir()

    runner().tidy()

    assert {path.name for path in data.iterdir()} == {"people.csv", "scores.csv"}
    assert not (container.jobs.folder / job.id / "work").exists()


def test_cancelling_ends_the_process_and_removes_what_was_staged(
    slow, submit, runner, job_of, container, workspace, data
):
    (workspace / "allowed").write_text("10")
    job = submit(input="data/people.parquet", output="data/scores.parquet")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(runner().run, job.id)
        wait_until(lambda: (workspace / "waiting").exists() or running.done(), 60)
        assert chunks_of(data, job)

        container.jobs.cancel("default", job.id)
        running.result(60)

    assert job_of(job).state is JobState.CANCELLED
    assert {path.name for path in data.iterdir()} == {"people.parquet"}


def test_cancelling_a_batch_in_parts_removes_what_was_staged(
    slow, submit, runner, job_of, container, workspace, data
):
    job = submit(input="data/people.parquet", output="data/scores.parquet", parts=2)
    runner().run(job.id)
    first, _ = container.jobs.list("default", parent=job.id)
    (workspace / "allowed").write_text("10")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(runner().run, first.id)
        wait_until(lambda: (workspace / "waiting").exists() or running.done(), 60)

        container.jobs.cancel("default", job.id)
        running.result(60)

    assert job_of(job).state is JobState.CANCELLED
    assert {path.name for path in data.iterdir()} == {"people.parquet"}


def test_a_cancelled_batch_in_parts_that_is_tried_again_scores_everything(
    submit, runner, job_of, container, data
):
    write_rows(data / "people.csv", people(40))
    job = submit(input="data/people.csv", output="data/scores.csv", parts=2)
    runner().run(job.id)
    first, second = container.jobs.list("default", parent=job.id)
    runner().run(first.id)
    container.jobs.cancel("default", job.id)
    assert {path.name for path in data.iterdir()} == {"people.csv"}

    container.jobs.retry("default", job.id, "ann")
    runner().run(second.id)
    runner().run(job.id)

    assert job_of(job).state is JobState.SUCCEEDED, job_of(job).error
    assert [row["id"] for row in read_rows(data / "scores.csv")] == [f"c-{n}" for n in range(40)]
    assert {path.name for path in data.iterdir()} == {"people.csv", "scores.csv"}


def test_two_workers_share_the_parts(slow, submit, runner, job_of, container, workspace, data):
    job = submit(input="data/people.parquet", output="data/scores.parquet", parts=4)
    assert runner().run(job.id)
    waits = job_of(job)
    assert (waits.state, waits.open_parts) == (JobState.RUNNING, 4)
    parts = [part.id for part in container.jobs.list("default", parent=job.id)]

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda part: runner().run(part), parts))

    assert done == [True] * 4
    assert [job_of(part).state for part in container.jobs.list("default", parent=job.id)] == (
        [JobState.SUCCEEDED] * 4
    )
    assert runner().run(job.id)
    assert job_of(job).result["parts"] == 4
    assert_all_scored_once(data)


def test_a_part_with_more_rejects_than_declared_fails_the_whole_job(
    submit, runner, job_of, container, data
):
    rows = people(40)
    rows[3]["x"] = rows[4]["x"] = -1
    write_rows(data / "people.csv", rows)
    job = submit(input="data/people.csv", output="data/scores.csv", parts=2, max_rejects=1)
    runner().run(job.id)
    for part in container.jobs.list("default", parent=job.id):
        runner().run(part.id)
    runner().run(job.id)

    failed = job_of(job)
    assert (failed.state, failed.error["code"]) == (JobState.FAILED, "invalid_data")
    assert "max_rejects allows 1" in failed.error["message"]
    assert failed.error["faults"][0]["where"] == "people.csv:5 x"
    assert {path.name for path in data.iterdir()} == {"people.csv"}


def test_a_job_that_is_published_and_dies_before_it_is_told_publishes_once(
    submit, container, work, data, tmp_path
):
    from minerva.layers.abstraction.jobs.kind import Attempt

    write_rows(data / "people.csv", people(5))
    job = submit(input="data/people.csv", output="data/scores.csv")
    attempt = Attempt(lambda fraction, message="": None, tmp_path)
    first = container.kinds()["batch"].work(job, attempt)
    written = (data / "scores.csv").stat()

    again = container.kinds()["batch"].work(job, attempt)

    assert again == first
    assert (data / "scores.csv").stat().st_mtime_ns == written.st_mtime_ns
    assert len(read_rows(data / "scores.csv")) == 5
