"""Whatever workers, sweepers and callers do in whatever order: an ended job stays as it ended."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.store import Ending
from minerva.testing.job_stores import NOW, a_job

TOKENS = st.sampled_from(["one", "two"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), TOKENS),
        st.tuples(st.just("renew"), TOKENS),
        st.tuples(
            st.just("finish"), TOKENS, st.sampled_from([s for s in JobState if s != "running"])
        ),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("recover")),
        st.tuples(st.just("wait"), st.integers(1, 20)),
    ),
    min_size=1,
    max_size=12,
)
MAY_FOLLOW = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED},
    JobState.RUNNING: set(JobState),  # running again: taken over after its lease ended
}


@pytest.fixture
def numbers():
    """Counts the examples, so that each has a job of its own."""
    return iter(range(1_000_000))


@settings(max_examples=60)
@given(steps=STEPS)
def test_no_job_leaves_an_ended_state(stores, numbers, steps):
    job_id = f"j{next(numbers)}"
    stores.jobs.submit(a_job(job_id))
    now = NOW
    for step in steps:
        if step[0] == "wait":
            now += timedelta(seconds=step[1])
            continue
        before = stores.jobs.get("acme", job_id)
        _take(stores, job_id, step, now)
        after = stores.jobs.get("acme", job_id)

        assert after == before if before.state.ended else after.attempt >= before.attempt
        assert after.state == before.state or after.state in MAY_FOLLOW[before.state]
        assert (after.finished_at is not None) == after.state.ended
        assert after.attempt <= 1 + sum(taken[0] == "claim" for taken in steps)

    history = stores.jobs.events("acme", job_id)
    assert [event.number for event in history] == list(range(1, len(history) + 1))
    assert history[-1].state == stores.jobs.get("acme", job_id).state
    assert not any(event.state.ended for event in history[:-1])


def _take(stores, job_id, step, now):
    leases = stores.leases
    until = now + timedelta(seconds=10)
    match step:
        case ("claim", token):
            leases.claim(job_id, Lease(token, token, until), now)
        case ("renew", token):
            leases.renew(job_id, token, until, 0.5, "")
        case ("finish", token, state):
            leases.finish(job_id, token, Ending(state), now)
        case ("cancel",):
            stores.jobs.cancel("acme", job_id, now)
        case ("recover",):
            leases.recover(now)
