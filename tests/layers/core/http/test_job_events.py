"""A job's history as a stream: from where its reader left off until there is no more."""

import json
from datetime import timedelta

import pytest

from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.jobs.store import Ending

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def job_id(sidecar):
    """A queued job."""
    asked = Asked(tenant="default", service="churn", author="test", request_id="r-1", trace_id="t")
    job, _ = sidecar.house.jobs.submit(TRAIN, asked)
    return job.id


@pytest.fixture
def stream(sidecar, client, job_id):
    """Return a function that opens the stream."""
    headers = sidecar.headers("train")

    def opened(last=None, caller=client):
        more = {} if last is None else {"Last-Event-ID": last}
        return caller.get(f"/v1/jobs/{job_id}/events", headers={**headers, **STREAM, **more})

    return opened


def events(response):
    """Return id, type and data of each event of a finished stream."""
    found = []
    for block in response.text.split("\n\n"):
        members = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        if "data" in members:
            found.append((members["id"], members["event"], json.loads(members["data"])))
    return found


def test_an_ended_jobs_stream_tells_everything_and_ends(sidecar, stream, job_id):
    sidecar.house.jobs.cancel("default", job_id)

    response = stream()

    assert response.mimetype == "text/event-stream"
    told = events(response)
    assert [(number, state) for number, state, _ in told] == [("1", "queued"), ("2", "cancelled")]
    assert told[1][2]["number"] == 2


def test_a_reader_that_comes_back_gets_what_it_missed(sidecar, stream, job_id):
    sidecar.house.jobs.cancel("default", job_id)

    assert [number for number, _, _ in events(stream(last="1"))] == ["2"]


def test_a_reader_that_has_everything_is_told_not_to_come_back(sidecar, stream, job_id):
    sidecar.house.jobs.cancel("default", job_id)

    assert stream(last="2").status_code == 204


def test_what_happens_meanwhile_is_told_as_it_happens(sidecar, stream, job_id):
    store, now = sidecar.container.stores.leases, sidecar.house.jobs.now
    lines = stream(caller=sidecar.client(stream_limit_s=60)).iter_encoded()
    read = next(lines) + next(lines)
    assert b"event: queued" in read

    store.claim(job_id, Lease("token", "test", now() + timedelta(minutes=1)), now())
    assert b"event: running" in next(lines)
    store.finish(job_id, "token", Ending(JobState.SUCCEEDED, result={}), now())

    rest = b"".join(lines)
    assert b"event: succeeded" in rest


def test_a_stream_ends_when_its_time_is_up(sidecar, stream):
    assert [state for _, state, _ in events(stream())] == ["queued"]


def test_a_stream_ends_when_the_process_must_stop(sidecar, client, stream):
    sidecar.house.draining.set()

    assert [state for _, state, _ in events(stream())] == ["queued"]


def test_streams_are_bounded_and_their_places_given_back(stream):
    first = stream()

    refused = stream()
    first.close()
    accepted = stream()

    assert (refused.status_code, refused.json["code"]) == (503, "unavailable")
    assert accepted.status_code == 200
    accepted.close()


def test_a_malformed_last_event_id_is_refused(stream):
    response = stream(last="two")

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "Last-Event-ID")
