"""Jobs that run in the worker's thread, and jobs that wait for parts of themselves."""

import threading
from dataclasses import dataclass, field, replace

import pytest
from waiting import wait_until

from minerva.errors import Conflict, InvalidData, Unavailable
from minerva.layers.abstraction.jobs.job import JobState, Queue
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.kind import Part, Parts

ANN = Asked(tenant="default", service="job", author="ann", priority=3)


@dataclass
class Here:
    """A kind that runs in the worker's thread and does what it is made with."""

    name: str
    do: object
    queue: Queue = Queue.BATCH
    apart: bool = False
    backoff: tuple = ()
    done: list = field(default_factory=list)

    def check(self, configuration, payload):
        return payload

    def work(self, job, attempt):
        self.done.append(job.id)
        return self.do(job, attempt)


@pytest.fixture
def with_kinds(container, declare, runner):
    """Return use cases and a runner that know some kinds."""
    declare("job", "linear")

    def made(*kinds):
        known = {kind.name: kind for kind in kinds}
        jobs = replace(container.jobs, kinds=lambda: known)
        return jobs, runner(kinds=lambda: known)

    return made


def run_all(container, runner):
    """Run whatever was sent, in order."""
    while container.queue.sent:
        runner.run(container.queue.sent.popleft())


def test_short_work_runs_in_the_workers_own_thread(with_kinds, container, job):
    def work(_job, attempt):
        attempt.progress(0.5, "half")
        return {"thread": threading.current_thread().name, "folder": attempt.folder.is_dir()}

    jobs, runner = with_kinds(Here("tell", work))
    submitted, _ = jobs.submit("tell", ANN)

    runner.run(submitted.id)

    assert job(submitted.id).result == {"thread": "job-tell", "folder": True}


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (Unavailable("Away."), JobState.QUEUED, "unavailable"),
        (InvalidData("Wrong."), JobState.FAILED, "invalid_data"),
        (ValueError("secret"), JobState.FAILED, "internal"),
    ],
)
def test_what_goes_wrong_in_a_thread_is_told_as_from_a_process(with_kinds, job, error, state, code):
    def work(_job, _attempt):
        raise error

    jobs, runner = with_kinds(Here("tell", work))
    submitted, _ = jobs.submit("tell", ANN)

    runner.run(submitted.id)

    assert (job(submitted.id).state, job(submitted.id).error["code"]) == (state, code)
    assert "secret" not in job(submitted.id).error["message"]


def test_a_kind_with_pauses_of_its_own_has_as_many_attempts(with_kinds, job):
    def work(_job, _attempt):
        raise Unavailable("Away.")

    jobs, runner = with_kinds(Here("tell", work, backoff=(5.0, 300.0)))
    submitted, _ = jobs.submit("tell", ANN)

    clock = runner.now()
    replace(runner, chance=lambda: 0.5, now=lambda: clock).run(submitted.id)

    told = job(submitted.id)
    assert told.max_attempts == 3
    assert (told.not_before - clock).total_seconds() == pytest.approx(5)


def split(container):
    """Return work that makes three parts, then adds up what they found."""

    def work(job, _attempt):
        parts = container.stores.jobs.parts(job.tenant, job.id)
        if not parts:
            return Parts([Part("half", {"n": n}, str(n)) for n in range(3)], "three parts")
        return {"sum": sum((part.result or {}).get("n", 100) for part in parts)}

    return work


def test_a_job_goes_on_when_all_its_parts_have_ended(with_kinds, container, job):
    whole = Here("whole", split(container))
    jobs, runner = with_kinds(whole, Here("half", lambda job, _: {"n": job.payload["n"]}))
    submitted, _ = jobs.submit("whole", ANN)

    run_all(container, runner)

    done = job(submitted.id)
    assert (done.state, done.result) == (JobState.SUCCEEDED, {"sum": 3})
    assert whole.done == [submitted.id] * 2
    parts = container.jobs.list("default", parent=submitted.id)
    assert {(part.kind, part.priority, part.author) for part in parts} == {("half", 3, "ann")}
    assert {part.request_id for part in parts} == {submitted.request_id}
    assert [one.id for one in container.jobs.list("default")] == [submitted.id]


def test_a_part_that_fails_is_for_the_job_to_judge(with_kinds, container, job):
    def half(part, _attempt):
        if part.payload["n"] == 1:
            raise InvalidData("Wrong.")
        return {"n": part.payload["n"]}

    jobs, runner = with_kinds(Here("whole", split(container)), Here("half", half))
    submitted, _ = jobs.submit("whole", ANN)

    run_all(container, runner)

    assert job(submitted.id).result == {"sum": 102}


def test_who_cancels_a_job_cancels_its_parts(with_kinds, container, job):
    jobs, runner = with_kinds(Here("whole", split(container)), Here("half", lambda *_: {"n": 0}))
    submitted, _ = jobs.submit("whole", ANN)
    runner.run(container.queue.sent.popleft())
    runner.run(container.queue.sent.popleft())

    jobs.cancel("default", submitted.id)
    run_all(container, runner)

    assert job(submitted.id).state is JobState.CANCELLED
    states = [part.state for part in container.stores.jobs.parts("default", submitted.id)]
    assert states == [JobState.SUCCEEDED, JobState.CANCELLED, JobState.CANCELLED]


def test_whoever_serves_a_queue_runs_its_best_jobs_until_none_is_left(with_kinds, container, job):
    kind = Here("tell", lambda *_: {}, queue=Queue.QUICK)
    jobs, runner = with_kinds(kind)
    ids = [jobs.submit("tell", replace(ANN, priority=p))[0].id for p in (0, 9, 5)]

    runner.serve("train")
    before = list(kind.done)
    runner.serve("quick", ids[0])

    assert (before, kind.done) == ([], [ids[1], ids[2], ids[0]])


def test_hours_in_one_queue_delay_nothing_in_another(with_kinds, container, job, in_thread):
    go_on = threading.Event()
    slow = Here("slow", lambda *_: {"waited": go_on.wait(60)}, queue=Queue.TRAIN)
    quick = Here("fast", lambda *_: {}, queue=Queue.QUICK)
    jobs, runner = with_kinds(slow, quick)
    long = [jobs.submit("slow", ANN)[0] for _ in range(5)]
    serving = [in_thread(lambda: runner.serve("train")) for _ in range(2)]
    wait_until(lambda: len(slow.done) == 2)

    submitted, _ = jobs.submit("fast", ANN)
    runner.serve("train")  # comes back at once: both places are taken
    runner.serve("quick")
    states = [job(one.id).state for one in (submitted, *long)]
    go_on.set()
    for one in serving:
        one.result(60)

    assert states == [
        JobState.SUCCEEDED, JobState.RUNNING, JobState.RUNNING, *[JobState.QUEUED] * 3,
    ]  # fmt: skip
    assert {job(one.id).state for one in long} == {JobState.SUCCEEDED}


def test_a_call_that_finds_no_place_is_made_up_for(with_kinds, container, job, in_thread):
    go_on = threading.Event()
    jobs, runner = with_kinds(Here("slow", lambda *_: {"waited": go_on.wait(60)}))
    runner = replace(runner, slots=replace(runner.slots, sizes={"batch": 1}))
    first, _ = jobs.submit("slow", ANN)
    serving = in_thread(lambda: runner.serve("batch"))
    wait_until(lambda: job(first.id).state is JobState.RUNNING)
    second, _ = jobs.submit("slow", ANN)

    runner.serve("batch")
    go_on.set()
    serving.result(60)

    assert job(second.id).state is JobState.SUCCEEDED


def test_who_asks_again_gets_the_job_although_it_could_not_be_asked_for_any_more(with_kinds):
    class Once(Here):
        def check(self, configuration, payload):
            if self.done:
                raise Conflict("The output exists.")
            self.done.append("checked")
            return {**payload, "version": 3}

    jobs, _ = with_kinds(Once("once", lambda *_: {}))
    asked = replace(ANN, idempotency_key="k")
    first, _ = jobs.submit("once", asked, {"to": "a.csv"})

    again, fresh = jobs.submit("once", asked, {"to": "a.csv"})

    assert (again.id, again.payload, fresh) == (first.id, {"to": "a.csv", "version": 3}, False)
    with pytest.raises(Conflict, match="idempotency key"):
        jobs.submit("once", asked, {"to": "b.csv"})
    with pytest.raises(Conflict, match="exists"):
        jobs.submit("once", ANN, {"to": "a.csv"})
