"""A request gets the same answer by a shortcut and by the framework, and leaves the same events."""

import json
import struct
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from minerva.errors import AlgorithmFailed
from minerva.layers.core.http.app import create_app

PATH = "/v1/services/churn/predict"
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 2000),
    st.floats(-10, 2000),
    st.sampled_from(["One year", "Two year", "2026-01-31T12:00:00Z", "A-2", 2**53, 666, 10**30]),
    st.text(max_size=5),
)
NAMES = ["customer_id", "tenure", "contract", "monthly_charges", "since", "email", "stranger"]


class Counting:
    """Stands before the framework and counts what comes to it."""

    def __init__(self, framework):
        self.framework, self.calls = framework, 0

    def __call__(self, environ, start_response):
        self.calls += 1
        return self.framework(environ, start_response)


@pytest.fixture
def both(sidecar):
    """Return a client with shortcuts, one without them, and what counts calls of the framework."""
    short, long = create_app(sidecar.house), create_app(sidecar.house)
    counting = Counting(short.wsgi_app.framework)
    short.wsgi_app = replace(short.wsgi_app, framework=counting)
    long.wsgi_app = long.wsgi_app.framework
    return FlaskClient(short), FlaskClient(long), counting


@pytest.fixture
def headers(sidecar):
    """Return the headers of a usual request."""
    return {**sidecar.headers("predict"), "X-Request-ID": "r-1", "Content-Type": "application/json"}


def told(client, body, headers, path=PATH):
    """Return everything that a caller and the log get, times and random ids apart."""
    with capture_logs() as logs:
        response = client.post(path, data=body, headers=headers)
    got = {name: value for name, value in response.headers.items() if name != "traceparent"}
    events = [
        {name: fact for name, fact in event.items() if name not in {"ms", "exc_info"}}
        for event in logs
    ]
    return response.status_code, response.data, sorted(got.items()), events


def close_circuit(sidecar):
    """Forget failures: those of several examples would open it between the two that are compared."""
    sidecar.house.live.get("default", "churn").loaded.circuit.succeeded()


def test_a_usual_request_does_not_come_to_the_framework(both, headers, record):
    short, long, framework = both
    body = json.dumps({"records": [record, {**record, "email": "a: b"}]})

    assert told(short, body, headers) == told(long, body, headers)
    assert framework.calls == 0


@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2),
    st.sets(st.sampled_from(NAMES), max_size=1),
    st.sampled_from([{}, {}, {}, {"explain": False}, {"keys": ["A-1"]}, {"mode": 1}]),
)
def test_whatever_is_asked_the_answer_is_the_same(
    sidecar, both, headers, record, changes, dropped, more
):
    close_circuit(sidecar)
    short, long, _ = both
    changed = {k: v for k, v in {**record, **changes}.items() if k not in dropped}
    body = json.dumps({"records": [changed], **more})

    assert told(short, body, headers) == told(long, body, headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"records": []}',
        b'{"records": [1]}',
        b'{"records": [{"tenure": 1, "tenure": 2, "contract": "One year"}]}',
        b'{"records": [{"tenure": 1, "contract": "One year"}], "records": []}',
        b'\xef\xbb\xbf{"records": [{"tenure": 1, "contract": "One year"}]}',
        b'{"records": [{"tenure": NaN, "contract": "One year"}]}',
        b'{"records": [{"tenure": 1, "contract": "\xff"}]}',
        b'{"records": [{"tenure": 1, "contract": "\\ud800"}]}',
        b'{"records": ' + b"[" * 50_000,
        json.dumps({"records": [{"tenure": 1, "contract": "One year"}] * 10_001}).encode(),
    ],
)
def test_what_is_wrong_is_told_in_the_same_words(both, headers, body):
    short, long, framework = both

    assert told(short, body, headers) == told(long, body, headers)
    assert framework.calls == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Authorization": "Bearer mk_0"}, 401),
        ({"Authorization": None}, 401),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_headers_decide_the_same(both, headers, record, change, status):
    short, long, framework = both
    sent = {k: v for k, v in {**headers, **change}.items() if v is not None}
    body = json.dumps({"records": [record]})

    found = told(short, body, sent)

    assert found == told(long, body, sent)
    assert (found[0], framework.calls) == (status, 1)


def test_a_key_without_the_scope_and_a_body_too_large_are_refused(sidecar, both, headers, record):
    short, long, _ = both
    body = json.dumps({"records": [record]})

    poor = told(short, body, {**headers, **sidecar.headers("feedback")})
    large = told(short, b" " * (sidecar.house.max_body_bytes + 1), headers)

    assert (poor[0], large[0]) == (403, 413)
    assert told(long, b" " * (sidecar.house.max_body_bytes + 1), headers)[:3] == large[:3]


@pytest.mark.parametrize("path", [PATH.replace("churn", "chum"), PATH + "/", PATH.upper()])
def test_other_paths_are_the_frameworks(both, headers, record, path):
    short, long, framework = both
    body = json.dumps({"records": [record]})

    assert told(short, body, headers, path) == told(long, body, headers, path)
    assert framework.calls == 1


def test_a_model_that_fails_is_asked_once_and_told_of_by_the_framework(both, headers, record):
    short, long, framework = both
    body = json.dumps({"records": [{**record, "tenure": 666}]})

    found = told(short, body, headers)

    assert found == told(long, body, headers)
    assert (found[0], json.loads(found[1])["code"]) == (502, AlgorithmFailed.code)
    assert [event["event"] for event in found[3]].count("prediction.raised") == 1
    assert framework.calls == 1


INFER = "/v2/models/churn/infer"
LENGTH = "Inference-Header-Content-Length"
SHAPES = st.sampled_from([[2], [1], [2, 1], [0], [-1], "2", None])
TENSORS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["tenure", "contract", "monthly_charges", "rows", 1]),
            "datatype": st.sampled_from(["INT64", "FP64", "BYTES", "FP8"]),
            "shape": SHAPES,
            "data": st.lists(VALUES, min_size=1, max_size=2),
        }
    ),
    max_size=3,
)


def inference(tenures=(3, 70)):
    """Return what asks about customers by tensors."""
    rows = [len(tenures)]
    contracts = ["One year"] * len(tenures)
    return {
        "id": "7",
        "inputs": [
            {"name": "tenure", "datatype": "INT64", "shape": rows, "data": [*tenures]},
            {"name": "contract", "datatype": "BYTES", "shape": rows, "data": contracts},
        ],
    }


def in_binary(tenures=(3, 70)):
    """Return the same with the numbers as bytes, wanted back so, and how long its JSON is."""
    asked = inference(tenures)
    numbers = struct.pack(f"<{len(tenures)}q", *tenures)
    del asked["inputs"][0]["data"]
    asked["inputs"][0]["parameters"] = {"binary_data_size": len(numbers)}
    asked["parameters"] = {"binary_data_output": True}
    head = json.dumps(asked).encode()
    return head + numbers, str(len(head))


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", None])
def test_usual_tensors_do_not_come_to_the_framework(both, headers, kind):
    short, long, framework = both
    sent = {name: value for name, value in headers.items() if name != "Content-Type"}
    body, length = in_binary()
    sent |= {LENGTH: length} | ({} if kind is None else {"Content-Type": kind})

    found = told(short, body, sent, INFER)

    assert found == told(long, body, sent, INFER)
    assert (found[0], framework.calls) == (200, 0)


@given(TENSORS)
def test_whatever_tensors_come_the_answer_is_the_same(sidecar, both, headers, tensors):
    close_circuit(sidecar)
    short, long, _ = both
    body = json.dumps({**inference(), "inputs": inference()["inputs"] + tensors})

    assert told(short, body, headers, INFER) == told(long, body, headers, INFER)


@given(st.binary(max_size=20), st.sampled_from(["0", "-1", "9" * 30, "x"]))
def test_whatever_bytes_come_the_answer_is_the_same(both, headers, tail, length):
    short, long, _ = both
    body, right = in_binary()

    for sent, said in ((body + tail, right), (body[: -1 - len(tail)], right), (body, length)):
        with_length = {**headers, LENGTH: said}
        assert told(short, sent, with_length, INFER) == told(long, sent, with_length, INFER)


def test_a_version_by_its_number_is_the_frameworks(both, headers):
    short, long, framework = both
    path = "/v2/models/churn/versions/1/infer"
    body = json.dumps(inference())

    assert told(short, body, headers, path) == told(long, body, headers, path)
    assert framework.calls == 1


def test_a_model_that_fails_on_tensors_is_asked_once(both, headers):
    short, long, framework = both
    body = json.dumps(inference([666]))

    found = told(short, body, headers, INFER)

    assert found == told(long, body, headers, INFER)
    assert found[0] == 502
    assert [event["event"] for event in found[3]].count("prediction.raised") == 1
    assert framework.calls == 1
