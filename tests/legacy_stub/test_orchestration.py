"""From prepared data to scores: each training once, whatever goes wrong in between."""

import threading

import pytest
from fake_sidecar import hang, job_answer, predict, problem, raw, train
from sqlalchemy import text
from structlog.testing import capture_logs

from legacy_stub import ledger
from legacy_stub.clock import now
from legacy_stub.customers import find
from legacy_stub.orchestration import Orchestration
from legacy_stub.preprocessing import Preprocessing
from legacy_stub.sidecar import SidecarError
from legacy_stub.unit import Progress


@pytest.fixture
def engine(sqlite_engine):
    """The kind of database does not matter here; `test_commands` goes all the way with each."""
    return sqlite_engine


@pytest.fixture
def unit(engine, sidecar):
    Preprocessing(engine, now).prepare()
    return Orchestration(engine, sidecar, now, threading.Event())


def entry(engine, number=1):
    with engine.connect() as connection:
        found = text("SELECT * FROM prepared_data WHERE id = :id")
        return connection.execute(found, {"id": number}).one()


def change_a_customer(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE customers SET tenure = tenure + 1 WHERE tenure < 5"))
    Preprocessing(engine, now).prepare()


def finish(unit, at_most=20):
    for _ in range(at_most):
        if unit.step() is Progress.IDLE:
            return
    raise AssertionError("never idle")


def test_prepared_data_are_trained_on_once_and_everybody_is_scored(engine, fake, unit):
    with capture_logs() as log:
        finish(unit)

    found = entry(engine)
    assert (found.job_id, found.job_state, found.outcome) == ("job-1", "succeeded", "succeeded")
    assert (found.version, found.progress) == ("1", 1.0)
    assert found.scored_at
    assert find(engine, "C-00600").score.version == "1"
    assert fake.trained() == 1
    assert [event["event"] for event in log if event.get("unit") == "orchestration"] == [
        *("training.requested", "training.finished")
    ]


def test_the_request_is_named_after_the_data(engine, fake, unit):
    unit.step()

    (call,) = fake.asked("/train")
    name = f"prepared-1-{entry(engine).fingerprint[:12]}"
    assert call.path == "/v1/services/churn/train"
    assert call.headers["Idempotency-Key"] == name
    assert call.headers["X-Request-ID"] == name
    assert call.headers["Authorization"] == "Bearer the-key"


def test_a_crash_between_request_and_note_does_not_train_twice(engine, fake, sidecar, unit):
    def accept_and_crash(handler, call):
        handler.wfile.write = lambda _: 0
        train(handler, call)
        handler.close_connection = True

    fake.training = accept_and_crash
    with pytest.raises(SidecarError):
        unit.step()
    assert fake.trained() == 1
    assert entry(engine).job_id is None

    fake.training = None
    finish(Orchestration(engine, sidecar, now, threading.Event()))

    assert len({call.headers["Idempotency-Key"] for call in fake.asked("/train")}) == 1
    assert fake.trained() == 1
    assert entry(engine).outcome == "succeeded"


def test_a_restart_goes_on_with_the_job_that_runs(engine, fake, sidecar, unit):
    unit.step()

    finish(Orchestration(engine, sidecar, now, threading.Event()))

    assert len(fake.asked("/train")) == 1
    assert entry(engine).outcome == "succeeded"


def test_a_restart_goes_on_with_the_scoring(engine, fake, sidecar, unit):
    fake.predicting = problem(503, "overloaded")
    with pytest.raises(SidecarError):
        finish(unit)
    assert entry(engine).outcome == "succeeded"
    assert entry(engine).scored_at is None

    fake.predicting = predict
    finish(Orchestration(engine, sidecar, now, threading.Event()))

    assert entry(engine).scored_at
    assert len(fake.asked("/train")) == 1


def test_progress_is_noted_while_the_job_runs(engine, fake, unit):
    unit.step()
    fake.following = job_answer("job-1", "running", progress=0.25)

    assert unit.step() is Progress.WAITING

    assert (entry(engine).job_state, entry(engine).progress) == ("running", 0.25)
    assert entry(engine).outcome is None


def test_a_sidecar_that_is_away_while_the_job_runs_is_asked_again(engine, fake, unit):
    unit.step()
    fake.following = problem(503, "overloaded")
    with pytest.raises(SidecarError):
        unit.step()

    fake.following = None
    finish(unit)

    assert entry(engine).outcome == "succeeded"
    assert len(fake.asked("/train")) == 1


@pytest.mark.parametrize("state", ["failed", "cancelled", "dead"])
def test_a_training_that_came_to_nothing_is_noted_and_nobody_scored(engine, fake, unit, state):
    fake.following = job_answer("job-1", state, progress=0.5, code="out_of_memory")

    finish(unit)

    assert (entry(engine).outcome, entry(engine).problem) == (state, "out_of_memory")
    assert fake.asked("/predict") == []


def test_newer_data_take_the_place_of_data_that_were_never_asked_for(engine, fake, unit):
    change_a_customer(engine)

    finish(unit)

    assert entry(engine, 1).outcome == "superseded"
    assert entry(engine, 2).outcome == "succeeded"
    assert fake.trained() == 1


def test_newer_data_wait_for_the_training_that_runs(engine, fake, unit):
    unit.step()
    change_a_customer(engine)

    finish(unit)

    assert [entry(engine, number).outcome for number in (1, 2)] == ["succeeded"] * 2
    assert fake.trained() == 2


def test_a_job_that_the_sidecar_has_forgotten_is_asked_for_anew(engine, fake, unit):
    unit.step()
    fake.jobs.clear()  # the sidecar was taken out and put in again
    fake.jobs["other"] = "job-1-of-other"

    with capture_logs() as log:
        assert unit.step() is Progress.WAITING
        finish(unit)

    assert "training.lost" in [event["event"] for event in log]
    assert entry(engine).outcome == "succeeded"
    assert len({call.headers["Idempotency-Key"] for call in fake.asked("/train")}) == 1


@pytest.mark.parametrize(
    "behaviour", [problem(500, "internal"), problem(404, "unknown_service"), raw(b"")]
)
def test_a_sidecar_that_cannot_train_now_is_asked_again_later(engine, fake, unit, behaviour):
    fake.training = behaviour
    with pytest.raises(SidecarError):
        unit.step()
    assert entry(engine).requested_at is None

    fake.training = None
    finish(unit)

    assert entry(engine).outcome == "succeeded"


def test_without_prepared_data_there_is_nothing_to_do(engine, fake, sidecar):
    assert Orchestration(engine, sidecar, now, threading.Event()).step() is Progress.IDLE
    assert fake.calls == []


def test_a_stop_ends_a_call_that_hangs(engine, fake, sidecar):
    Preprocessing(engine, now).prepare()
    stop = threading.Event()

    def stop_and_hang(handler, call):
        stop.set()
        hang(handler, call)

    fake.training = stop_and_hang

    with pytest.raises(SidecarError):
        Orchestration(engine, sidecar, now, stop).step()


def test_the_ledger_knows_the_newest_training(engine, unit):
    finish(unit)
    change_a_customer(engine)

    with engine.connect() as connection:
        assert ledger.latest(connection).id == 2
        assert ledger.latest_training(connection).id == 1
