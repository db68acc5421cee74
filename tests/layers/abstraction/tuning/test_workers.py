"""Two workers on one store run the trials of one study at a time, each in a process of its own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from waiting import wait_until

from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.runner import Pace
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.tuning.study import WARM_UP
from minerva.layers.abstraction.tuning.trial import TrialState

ANN = Asked(tenant="default", service="value", author="ann")
TRIALS = 24


@pytest.fixture
def worker(container):
    """Returns what runs whatever is sent until a job has ended, and is told whom it is called."""

    def served(name, job):
        pace = Pace(lease_s=20, first_pause_s=0)
        runner = replace(container.runner, owner=name, pace=pace, _stopping=threading.Event())

        def ended():
            return container.jobs.get("default", job.id).state.ended

        while not ended():
            try:
                runner.run(container.queue.sent.popleft())
            except IndexError:
                wait_until(lambda: container.queue.sent or ended(), 120)

    return served


@pytest.fixture
def tuned(container, stepping, worker, tmp_path):
    """A tuning that two workers brought to its end; no trial goes on before both are at one."""
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    declaration = parse(stepping({"trials": TRIALS, "parallel": 2}, meets=str(meeting)))
    container.registry.declare("default", declaration, "file")
    job, _ = container.jobs.submit("tune", ANN, {})
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(worker, ["first", "second"], [job, job]))
    return container.jobs.get("default", job.id)


def test_two_workers_prune_and_count_the_trials_of_one_study_once(tuned, container):
    assert tuned.state is JobState.SUCCEEDED, tuned.error
    trials = container.stores.trials.list("default", tuned.id)
    of = {state: [one for one in trials if one.state is state] for state in TrialState}
    complete, pruned = of[TrialState.COMPLETE], of[TrialState.PRUNED]

    # each trial was run once, by one of two who ran at the same time
    assert [one.number for one in trials] == list(range(TRIALS + 1))
    assert {one.tries for one in trials} == {1}
    assert len({one.parameters["shift"] for one in trials}) == TRIALS + 1
    parts = container.stores.jobs.parts("default", tuned.id)
    done = Counter(one.job_id for one in trials)
    assert {part.id: part.result["trials"] for part in parts} == done
    assert len(done) == 2
    first, second = trials[:2]
    assert first.job_id != second.job_id
    assert second.started_at < first.finished_at
    assert first.started_at < second.finished_at

    # hopeless ones ended early, and only those
    assert len(complete) + len(pruned) == len(trials)
    assert pruned
    assert all(one.value is None and WARM_UP <= len(one.steps) < 100 for one in pruned)
    assert all(len(one.steps) == 100 for one in complete)
    assert min(abs(one.parameters["shift"]) for one in pruned) > min(one.value for one in complete)

    # and the best of all is what is proposed
    best = min(trials, key=lambda one: abs(one.parameters["shift"]))
    found = tuned.result
    assert (found["best_trial"], found["best"]) == (best.number, pytest.approx(best.value))
    assert (found["trials"], found["complete"], found["pruned"], found["failed"]) == (
        TRIALS, len(complete) - 1, len(pruned), 0,
    )  # fmt: skip
    (proposal,) = container.offline.tuning.proposals.list("default", "value")
    assert proposal.parameters == {"shift": best.parameters["shift"]}
