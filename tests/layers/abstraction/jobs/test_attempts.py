"""What becomes of an attempt: further ones after a pause, limits, progress, what it leaves behind."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from waiting import wait_until

from minerva.errors import Conflict, InvalidInput
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.limits import JobLimits
from minerva.layers.abstraction.jobs.runner import Pace

ANN = Asked(tenant="default", service="job", author="ann")


def test_a_kind_that_a_plugin_adds_runs_like_any_job(container, runner, errand, job):
    job_id = errand("")

    assert runner().run(job_id)

    done = job(job_id)
    assert (done.state, done.result, done.queue) == (JobState.SUCCEEDED, {"did": ""}, "quick")
    assert container.jobs.log("default", job_id) == "errand \n"


@pytest.mark.parametrize(
    ("kind", "parameters", "reason"),
    [
        ("errand", {"do": 5}, "do not fit a job of kind errand"),
        ("errand", {"speed": 1}, "do not fit a job of kind errand"),
        ("dance", {}, "known are .*errand.*train"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_queued(
    container, declare, kind, parameters, reason
):
    declare("job", "linear")

    with pytest.raises(InvalidInput, match=reason):
        container.jobs.submit(kind, ANN, parameters)

    assert container.jobs.list("default") == []


def test_what_may_pass_is_tried_again_after_a_pause_that_doubles(container, runner, errand, job):
    job_id = errand("away")
    resting = runner(pace=Pace(20, first_pause_s=100), chance=lambda: 0.5)
    container.queue.sent.clear()

    pauses = []
    for later in (0, 101, 302):
        clock = container.runner.now() + timedelta(seconds=later)
        at_that_time = replace(resting, now=lambda clock=clock: clock)
        at_that_time.run(job_id)
        at_that_time.run(job_id)  # rests
        until = job(job_id).not_before
        pauses.append(None if until is None else round((until - clock).total_seconds()))

    assert pauses == [100, 200, None]
    assert (job(job_id).state, job(job_id).attempt) == (JobState.DEAD, 3)
    assert list(container.queue.sent) == []  # the sweeper sends what rested long enough


def test_memory_that_runs_out_twice_in_a_row_is_no_bad_luck(runner, errand, job):
    job_id = errand("no memory", max_attempts=9)

    runner().run(job_id)
    first = job(job_id).state
    runner().run(job_id)

    assert (first, job(job_id).state) == (JobState.QUEUED, JobState.DEAD)
    assert (job(job_id).attempt, job(job_id).error["code"]) == (2, "out_of_memory")


def test_what_cannot_pass_ends_at_once_and_tells_no_value(runner, errand, job):
    job_id = errand("break")

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).attempt) == (JobState.FAILED, 1)
    assert job(job_id).error["code"] == "algorithm_failed"
    assert "jane" not in job(job_id).error["message"]


def test_a_result_that_is_no_json_is_the_plugins_fault(runner, errand, job):
    job_id = errand("nonsense")

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.FAILED, "algorithm_failed")


def test_a_dead_job_is_tried_again_when_somebody_says_so(container, runner, errand, job):
    job_id = errand("away", max_attempts=1)
    runner().run(job_id)
    dead = job(job_id).state
    container.queue.sent.clear()

    container.jobs.retry("default", job_id, "bob")
    again = job(job_id)
    sent = list(container.queue.sent)
    runner().run(job_id)

    assert (dead, again.state, sent) == (JobState.DEAD, JobState.QUEUED, [job_id])
    assert again.max_attempts == 1 + container.jobs.max_attempts
    assert "bob" in [event.message for event in container.jobs.events("default", job_id)][-3]


def test_a_job_that_succeeded_is_not_tried_again(container, runner, errand):
    job_id = errand("")
    runner().run(job_id)

    with pytest.raises(Conflict, match="succeeded"):
        container.jobs.retry("default", job_id, "bob")


def test_a_job_that_writes_too_much_is_ended(runner, errand, job, container):
    job_id = errand("write", times=3, limits=JobLimits(time_s=120, disk_mb=2))

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.FAILED, "disk_limit")
    assert "disk_mb" in job(job_id).error["message"]
    assert not (container.jobs.folder / job_id / "work").exists()


def test_progress_and_the_time_left_stand_in_the_row(runner, errand, job, background, workspace):
    job_id = errand("steps", times=4)
    background(runner(), job_id)

    seen = wait_until(lambda: (one := job(job_id)).message == "step 4" and one)
    (workspace / "go on").touch()
    wait_until(lambda: job(job_id).state.ended)

    assert seen.progress == pytest.approx(4 / 5)
    assert 0 < seen.seconds_left < 20
    assert (job(job_id).progress, job(job_id).seconds_left) == (1.0, None)


def test_a_cancelled_job_ends_with_children_that_ignore_signals(
    container, runner, errand, job, background, workspace
):
    job_id = errand("stubborn")
    future = background(runner(), job_id)
    started = workspace / f"started-{job_id}"
    wait_until(started.exists)

    container.jobs.cancel("default", job_id)
    future.result(timeout=60)

    assert job(job_id).state is JobState.CANCELLED
    wait_until(lambda: not any(map(alive, map(int, started.read_text().split()))))
    assert not (container.jobs.folder / job_id / "work").exists()


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_that_stops_costs_no_attempt(runner, errand, job, background, workspace):
    job_id = errand("wait", max_attempts=1)
    stopped = runner()
    future = background(stopped, job_id)
    wait_until((workspace / f"started-{job_id}").exists)

    stopped.stop()
    future.result(timeout=60)
    (workspace / "go on").touch()
    runner().run(job_id)

    assert (job(job_id).state, job(job_id).attempt) == (JobState.SUCCEEDED, 2)


def test_the_end_of_the_log_can_be_read_where_no_file_is(container, runner, errand):
    job_id = errand("away")
    for _ in range(2):
        runner().run(job_id)
    elsewhere = replace(container.jobs, folder=container.jobs.folder / "another machine")

    told = elsewhere.log("default", job_id)

    assert told.count("errand away") == 2
    assert "The database is away." in told


def test_a_priority_beyond_reason_is_refused(errand):
    with pytest.raises(InvalidInput, match="-100 to 100"):
        errand("", asked=replace(ANN, priority=1000))


def test_what_a_service_declares_goes_before_the_settings(container, declare, job):
    declare("job", "linear", jobs={"priority": 7, "time_s": 9, "disk_mb": 3, "max_running": 1})

    submitted, _ = container.jobs.submit("errand", ANN)
    asked, _ = container.jobs.submit("errand", replace(ANN, priority=-1))

    assert (submitted.priority, asked.priority) == (7, -1)
    assert submitted.limits == {"time_s": 9, "memory_mb": 0, "disk_mb": 3, "max_running": 1}


def test_the_processes_of_jobs_are_not_ours(runner, errand, workspace):
    runner().run(errand(""))

    assert str(os.getpid()) not in (workspace / "runs").read_text()


def test_what_a_killed_worker_left_is_removed_once_its_job_has_ended(container, runner, errand):
    kept, ended = errand(""), errand("")
    for job_id in (kept, ended, "unknown"):
        (container.jobs.folder / job_id / "work").mkdir(parents=True)
    container.jobs.cancel("default", ended)

    runner().tidy()

    assert [path.parent.name for path in container.jobs.folder.glob("*/work")] == [kept]
