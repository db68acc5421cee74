"""Scoring everyone: all of them, in chunks, kept as they come."""

import threading

import pytest
from fake_sidecar import predict, problem, reply
from sqlalchemy import func, select
from structlog.testing import capture_logs

from legacy_stub.clock import now
from legacy_stub.customers import find
from legacy_stub.scoring import Scored, score_everyone
from legacy_stub.sidecar import SidecarError
from legacy_stub.tables import churn_scores
from legacy_stub.tracing import Trace

TRACE = Trace("run", "a" * 32)


def run(engine, sidecar, stop=None):
    return score_everyone(engine, sidecar, TRACE, now, stop or threading.Event())


def count(engine):
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(churn_scores)).scalar_one()


def test_everybody_has_a_score(engine, fake, sidecar):
    with capture_logs() as log:
        assert run(engine, sidecar) == Scored(600, "1")

    assert count(engine) == 600
    score = find(engine, "C-00003").score
    assert (score.probability, score.churn, score.version) == (0.735, "Yes", "1")
    assert score.request_id == "run-001"
    assert max(len(call.content["records"]) for call in fake.calls) == 500
    assert [event["event"] for event in log][-1] == "customers.scored"
    assert log[-1]["rows"] == 600


def test_every_chunk_has_an_id_of_its_own_in_one_trace(sqlite_engine, fake, sidecar):
    run(sqlite_engine, sidecar)

    ids = [call.headers["X-Request-ID"] for call in fake.calls]
    assert ids == [f"run-{number:03d}" for number in range(1, 3)]
    assert {call.headers["traceparent"].split("-")[1] for call in fake.calls} == {"a" * 32}


def test_scoring_again_replaces_the_scores(engine, fake, sidecar):
    run(engine, sidecar)
    fake.version = "2"

    assert run(engine, sidecar) == Scored(600, "2")

    assert count(engine) == 600
    assert find(engine, "C-00003").score.version == "2"


def test_what_was_scored_before_a_failure_is_kept(engine, fake, sidecar):
    def fail_on_the_second(handler, call):
        behaviour = problem(503, "overloaded") if len(fake.calls) == 2 else predict
        behaviour(handler, call)

    fake.predicting = fail_on_the_second

    with pytest.raises(SidecarError):
        run(engine, sidecar)
    assert count(engine) == 500

    assert run(engine, sidecar).rows == 600
    assert count(engine) == 600


def test_the_declared_default_is_no_score(sqlite_engine, fake, sidecar):
    def default(handler, call):
        rows = [
            {"customer_id": record["customer_id"], "churn": "No"}
            for record in call.content["records"]
        ]
        reply(200, {"predictions": rows, "version": None, "degraded": True})(handler, call)

    fake.predicting = default

    with pytest.raises(SidecarError, match="its default"):
        run(sqlite_engine, sidecar)
    assert count(sqlite_engine) == 0


def test_a_stop_ends_it_between_chunks(sqlite_engine, fake, sidecar):
    stop = threading.Event()

    def stop_after_this(handler, call):
        predict(handler, call)
        stop.set()

    fake.predicting = stop_after_this

    with pytest.raises(SidecarError):
        run(sqlite_engine, sidecar, stop)
    assert count(sqlite_engine) <= 500
