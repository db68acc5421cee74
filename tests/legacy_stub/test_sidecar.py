"""The client of the sidecar: what it sends, and what it believes."""

import json

import pytest
from fake_sidecar import cut_short, hang, job_answer, problem, raw, reply

from legacy_stub.credential import Credential
from legacy_stub.deadline import Deadline
from legacy_stub.sidecar import Job, Prediction, Sidecar, SidecarError
from legacy_stub.tracing import Trace
from legacy_stub.transport import Transport

TRACE = Trace("req-1", "a" * 32)
RECORDS = [{"customer_id": "C-1", "contract": "Two year", "tenure": 50, "total_charges": None}]


def predict(sidecar, seconds=10.0):
    return sidecar.predict(RECORDS, TRACE, Deadline(seconds))


def answer(**changes):
    row = {"customer_id": "C-1", "churn": "No", "churn_probabilities": {"No": 0.9, "Yes": 0.1}}
    return {"predictions": [row | changes], "version": "1", "degraded": False}


def test_a_prediction_comes_back(sidecar):
    found = predict(sidecar)

    assert found.by_customer == {"C-1": Prediction("No", 0.05)}
    assert (found.version, found.degraded) == ("1", False)


def test_the_call_carries_key_ids_and_null_for_what_is_missing(fake, sidecar):
    predict(sidecar)

    (call,) = fake.calls
    assert (call.method, call.path) == ("POST", "/v1/services/churn/predict")
    assert call.headers["Authorization"] == "Bearer the-key"
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["X-Request-ID"] == "req-1"
    assert call.headers["traceparent"].startswith(f"00-{'a' * 32}-")
    assert b'"total_charges": null' in call.body
    assert call.content == {"records": RECORDS}


def test_a_declared_default_has_no_probability(fake, sidecar):
    default = {"customer_id": "C-1", "churn": "No"}
    document = {"predictions": [default], "version": None, "degraded": True}
    fake.predicting = reply(200, document)

    found = predict(sidecar)

    assert found.by_customer == {"C-1": Prediction("No", None)}
    assert (found.version, found.degraded) == (None, True)


def test_a_version_may_come_as_a_number(fake, sidecar):
    fake.predicting = reply(200, answer() | {"version": 7})

    assert predict(sidecar).version == "7"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"predictions": {}},
        {"predictions": []},
        {"predictions": [None]},
        {"predictions": answer()["predictions"] * 2},
        answer(customer_id="C-2"),
        answer(churn="Perhaps"),
        answer(churn=["No"]),
        answer(churn_probabilities={"Yes": 1.5}),
        answer(churn_probabilities={"Yes": float("nan")}),
        answer(churn_probabilities={"Yes": "0.5"}),
        answer(churn_probabilities={"Yes": True}),
    ],
)
def test_an_answer_that_cannot_be_right_is_not_believed(fake, sidecar, document):
    fake.predicting = reply(200, document)

    with pytest.raises(SidecarError) as failure:
        predict(sidecar)

    assert failure.value.code == "unreadable"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (problem(500, "internal"), "internal"),
        (problem(503, "overloaded"), "overloaded"),
        (reply(500, "<html>"), "http-500"),
        (raw(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"), "http-502"),
        (reply(302, {}), "http-302"),
        (problem(422, "a value: secret!"), "http-422"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000), "unreadable"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe"), "unreadable"),
        (cut_short, "unreadable"),
        (raw(b""), "unreachable"),
    ],
)
def test_every_failure_has_a_code(fake, sidecar, behaviour, code):
    fake.predicting = behaviour

    with pytest.raises(SidecarError) as failure:
        predict(sidecar)

    assert failure.value.code == code
    assert "secret" not in failure.value.reason


def test_silence_is_a_timeout(fake, sidecar):
    fake.predicting = hang

    with pytest.raises(SidecarError) as failure:
        predict(sidecar, 0.05)

    assert failure.value.code == "timeout"


def test_absence_is_told_as_such(fake, sidecar):
    fake.stop()

    with pytest.raises(SidecarError) as failure:
        predict(sidecar)

    assert failure.value.code == "unreachable"
    assert not sidecar.alive(Deadline(10))


def test_a_key_that_was_changed_is_picked_up_within_the_call(fake, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text("old")
    fake.key = "old"
    sidecar = Sidecar(Transport(fake.url), Credential(None, key_file), "churn")
    predict(sidecar)

    fake.key = "new"
    with pytest.raises(SidecarError) as failure:
        predict(sidecar)
    assert failure.value.status == 401

    key_file.write_text("new")
    assert predict(sidecar).version == "1"
    assert [call.headers["Authorization"] for call in fake.calls] == [
        *("Bearer old", "Bearer old", "Bearer old", "Bearer new")
    ]
    sidecar.close()


def test_a_training_is_asked_for_under_its_key(fake, sidecar):
    first = sidecar.train("prepared-1-abc", TRACE, Deadline(10))
    second = sidecar.train("prepared-1-abc", TRACE, Deadline(10))

    assert first == second == Job("job-1", "queued", 0.0, None, None)
    assert [call.headers["Idempotency-Key"] for call in fake.calls] == ["prepared-1-abc"] * 2


def test_a_job_tells_how_it_goes(fake, sidecar):
    fake.following = job_answer("j/1", "running", progress=0.4)
    assert sidecar.job("j/1", TRACE, Deadline(10)) == Job("j/1", "running", 0.4, None, None)
    assert fake.calls[0].path == "/v1/jobs/j%2F1"

    fake.following = job_answer("j/1", "succeeded", version=3)
    assert sidecar.job("j/1", TRACE, Deadline(10)).version == "3"

    fake.following = job_answer("j/1", "failed", code="out_of_memory")
    assert sidecar.job("j/1", TRACE, Deadline(10)).problem == "out_of_memory"


@pytest.mark.parametrize(
    "job", [None, {}, {"id": 1, "state": "queued"}, {"id": "j", "state": "resting"}]
)
def test_a_job_that_cannot_be_right_is_not_believed(fake, sidecar, job):
    fake.following = reply(200, {"job": job})

    with pytest.raises(SidecarError):
        sidecar.job("j", TRACE, Deadline(10))


def test_the_body_is_json_that_any_reader_takes(fake, sidecar):
    predict(sidecar)

    assert json.loads(fake.calls[0].body.decode("ascii"))
