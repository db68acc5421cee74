"""A job, as callers see it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from minerva.layers.abstraction.jobs.job import Job, JobState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOB = Job(
    id="j1",
    tenant="acme",
    service="churn",
    kind="train",
    payload={},
    configuration_revision=1,
    author="ann",
    idempotency_key="secret key",
    request_id="r-1",
    trace_id="t-1",
    max_attempts=3,
    created_at=NOW,
    state=JobState.QUEUED,
    attempt=0,
    progress=0.0,
    message="",
    result=None,
    error=None,
    cancel_requested=False,
    started_at=None,
    finished_at=None,
)


def test_a_caller_sees_no_tenant_no_payload_and_no_key():
    told = JOB.to_json()

    assert json.loads(json.dumps(told)) == {
        "id": "j1",
        "kind": "train",
        "service": "churn",
        "queue": "train",
        "priority": 0,
        "parent": None,
        "state": "queued",
        "attempt": 0,
        "max_attempts": 3,
        "progress": 0.0,
        "message": "",
        "seconds_left": None,
        "open_parts": 0,
        "result": None,
        "error": None,
        "request_id": "r-1",
        "created_at": "2026-03-01T12:00:00+00:00",
        "not_before": None,
        "started_at": None,
        "finished_at": None,
    }


def test_times_are_told_when_they_are_known():
    told = replace(JOB, started_at=NOW, finished_at=NOW).to_json()

    assert told["started_at"] == told["finished_at"] == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_is_queued_or_running_has_not_ended(state):
    assert state.ended is (state.value not in {"queued", "running"})
