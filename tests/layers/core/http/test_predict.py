"""One call, many records, one answer each; whatever is wrong is pointed at."""

import pytest
from structlog.testing import capture_logs

PATH = "/v1/services/churn/predict"


@pytest.fixture
def ask(sidecar, client):
    """Return a function that sends a body, as JSON unless it is bytes."""
    headers = sidecar.headers("predict")

    def asked(body, **more):
        how = {"data": body} if isinstance(body, bytes) else {"json": body}
        content_type = more.pop("content_type", "application/json")
        return client.post(PATH, headers=headers, content_type=content_type, **how, **more)

    return asked


def test_each_record_gets_a_prediction_in_order(ask, record):
    response = ask({"records": [record, {**record, "customer_id": "B-2"}]})

    assert response.status_code == 200
    answer = response.json
    assert [row["customer_id"] for row in answer["predictions"]] == ["A-1", "B-2"]
    assert answer["predictions"][0]["churn"] == "No"
    assert answer["predictions"][0]["churn_probabilities"] == {"No": 0.75, "Yes": 0.25}
    assert (answer["service"], answer["version"], answer["degraded"]) == ("churn", "1", False)
    assert answer["request_id"] == response.headers["X-Request-ID"]


def test_a_prediction_is_logged_with_its_version_and_without_its_payload(ask, record):
    with capture_logs() as logs:
        ask({"records": [record, record]})

    (event,) = [log for log in logs if log["event"] == "prediction.answered"]
    facts = {"service": "churn", "version": "1", "job_id": None, "rows": 2, "degraded": False}
    assert facts.items() <= event.items()
    assert event["ms"] > 0


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"tenure": "three"}, "/records/0/tenure", "expected a whole number"),
        ({"tenure": -1}, "/records/0/tenure", "below the minimum of 0 month"),
        ({"tenure": 10**30}, "/records/0/tenure", "2^53"),
        ({"contract": "Weekly"}, "/records/0/contract", "is not one of"),
        ({"tenur": 3}, "/records/0/tenur", "did you mean 'tenure'?"),
    ],
)
def test_a_record_that_does_not_fit_is_pointed_at(ask, record, change, where, says):
    response = ask({"records": [{**record, **change}]})

    assert (response.status_code, response.json["code"]) == (422, "invalid_input")
    assert [fault["where"] for fault in response.json["faults"]] == [where]
    assert says in response.json["faults"][0]["message"]


def test_a_missing_field_is_pointed_at(ask, record):
    del record["tenure"]

    response = ask({"records": [record]})

    assert response.json["faults"] == [{"where": "/records/0/tenure", "message": "is missing"}]


@pytest.mark.parametrize(
    ("body", "more", "status", "code"),
    [
        (b'{"records": [', {}, 400, "invalid_body"),
        (b'{"records": [{"tenure": NaN}]}', {}, 400, "invalid_body"),
        (b'{"records": [{"tenure": 1, "tenure": 2}]}', {}, 400, "invalid_body"),
        (b"[" * 15_000, {}, 400, "invalid_body"),
        (b"<a/>", {"content_type": "text/html"}, 415, "unsupported_media_type"),
        (b'{"records": [' + b"1," * 15_000 + b"1]}", {}, 413, "too_large"),
        ({"records": [{}] * 6}, {}, 413, "too_large"),
        ({"records": []}, {}, 422, "invalid_input"),
        ({"keys": ["A-1"]}, {}, 422, "invalid_input"),
    ],
)
def test_a_body_that_cannot_be_answered_is_a_problem(ask, body, more, status, code):
    response = ask(body, **more)

    assert (response.status_code, response.json["code"]) == (status, code)
    assert response.mimetype == "application/problem+json"


def test_a_model_that_fails_leaks_nothing(ask, record):
    with capture_logs() as logs:
        response = ask({"records": [{**record, "tenure": 666}]})

    assert (response.status_code, response.json["code"]) == (502, "algorithm_failed")
    said = response.text.replace(response.json["request_id"], "")
    assert "anna" not in said
    assert "666" not in said
    assert any(log["event"] == "request.failed" for log in logs)


def test_a_service_without_a_version_says_what_to_do(sidecar, client):
    sidecar.container.stores.configurations.declare(
        "default",
        "other",
        "d" * 64,
        {
            "service": "other",
            "algorithm": "steady",
            "schema": {
                "inputs": {"tenure": {"type": "integer"}},
                "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
            },
        },
        "test",
        sidecar.house.registry.now(),
    )
    sidecar.container.live.refresh()

    response = client.post(
        "/v1/services/other/predict",
        json={"records": [{"tenure": 1}]},
        headers=sidecar.headers("predict"),
    )

    assert (response.status_code, response.json["code"]) == (503, "unavailable")
    assert "train it" in response.json["detail"]
    assert response.headers["Retry-After"] == "1"


def test_a_new_champion_answers_the_next_call(sidecar, ask, record):
    sidecar.declare(0.75)

    answer = ask({"records": [record]}).json

    assert (answer["version"], answer["predictions"][0]["churn"]) == ("2", "Yes")
