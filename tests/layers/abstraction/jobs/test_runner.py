"""The worker's side of a job, with the job's real process: what its job comes to."""

import json

from structlog.testing import capture_logs
from tiny import events_of

from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.limits import JobLimits


def test_a_job_that_succeeds_tells_its_result_and_its_history(
    container, runner, submit, job, workspace
):
    job_id = submit("linear")

    with capture_logs() as events:
        runner().run(job_id)
        runner().run(job_id)

    done = job(job_id)
    assert (done.state, done.progress, done.attempt) == (JobState.SUCCEEDED, 1.0, 1)
    assert (done.result["version"], done.result["promoted"]) == (1, True)
    assert done.error is None
    version = container.registry.version("default", "job", 1)
    assert version.job_id == job_id
    history = container.stores.aliases.history("default", "job", "champion")
    assert history[0].author == "ann"
    states = [event.state for event in container.jobs.events("default", job_id)]
    assert states == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    ours = [event["event"] for event in events if event["event"].startswith("job.")]
    assert ours == [  # plugins log in the background what they hear
        "job.started",
        "job.succeeded",
        "job.not_claimed",
    ]
    told = (workspace / ".minerva" / "logs" / "job.jsonl").read_text().splitlines()
    (registered,) = [
        line for line in map(json.loads, told) if line["event"] == "version.registered"
    ]
    assert (registered["job_id"], registered["request_id"]) == (job_id, "r-1")
    assert (registered["trace_id"], registered["component"]) == ("t-1", "job")


def test_an_algorithm_that_raises_fails_the_job_with_a_sentence(container, runner, submit, job):
    job_id = submit(train="raise")

    with capture_logs() as events:
        runner().run(job_id)

    done = job(job_id)
    assert done.state is JobState.FAILED
    assert done.error == {
        "code": "algorithm_failed",
        "message": "Algorithm misbehaving failed in training (ValueError); "
        "the job's log says where.",
        "faults": [],
    }
    captured = container.jobs.log("default", job_id)
    assert "Traceback" in captured
    assert "misbehaving.py" in captured
    assert events_of(events, "job.failed")[0]["code"] == "algorithm_failed"
    assert container.registry.versions("default", "job") == []


def test_a_job_that_takes_too_long_fails(runner, submit, job):
    job_id = submit(train="wait", limits=JobLimits(time_s=0.5))

    runner().run(job_id)

    assert job(job_id).state is JobState.FAILED
    assert job(job_id).error["code"] == "time_limit"
    assert (
        "longer than 0.5 s: raise its time_s under jobs, or MINERVA_JOB_TIME_LIMIT_S"
        in job(job_id).error["message"]
    )


def test_a_job_that_takes_too_much_memory_is_told_so(runner, submit, job):
    job_id = submit(max_attempts=1, train="hungry", limits=JobLimits(memory_mb=1500))

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.DEAD, "out_of_memory")
    assert "MINERVA_JOB_MEMORY_MB" in job(job_id).error["message"]


def test_a_full_disk_is_no_reason_to_give_up(runner, submit, job):
    job_id = submit(save="no disk")

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.QUEUED, "unavailable")
    assert "free space" in job(job_id).error["message"]


def test_garbage_on_the_channel_is_ignored(runner, submit, job):
    job_id = submit(train="garbage")

    with capture_logs() as events:
        runner().run(job_id)

    assert job(job_id).state is JobState.SUCCEEDED
    assert len(events_of(events, "job.message_ignored")) == 4


def test_a_process_that_ends_without_a_word_is_tried_again(runner, submit, job):
    job_id = submit(train="silence")

    runner().run(job_id)

    assert (job(job_id).state, job(job_id).error["code"]) == (JobState.QUEUED, "process_ended")
    assert "ended with code 1 and no result; see the job's log" in job(job_id).error["message"]


def test_a_thread_that_never_ends_keeps_no_job_from_ending(runner, submit, job):
    job_id = submit(train="thread")

    runner().run(job_id)

    assert job(job_id).state is JobState.SUCCEEDED
