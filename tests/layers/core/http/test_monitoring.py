"""Truths come in by HTTP, from who may tell them, and live metrics go out."""

import pytest

TRUTH = {"request_id": "r-1", "row": 0, "truth": "Yes"}


@pytest.fixture
def call(sidecar, client):
    """Returns what makes a call with some scopes."""

    def called(method, path, *scopes, **more):
        headers = sidecar.headers(*scopes) | more.pop("headers", {})
        return client.open(f"/v1/services/{path}", method=method, headers=headers, **more)

    return called


@pytest.fixture
def predicted(call, predict_body):
    """One prediction, of request `r-1` and customer `A-1`."""
    headers = {"X-Request-ID": "r-1", "Content-Type": "application/json"}
    response = call("POST", "churn/predict", "predict", data=predict_body, headers=headers)
    assert response.status_code == 200


def give(call, *told, service="churn"):
    """Give feedback."""
    return call("POST", f"{service}/feedback", "feedback", json={"feedback": list(told)})


@pytest.mark.parametrize("truth", [TRUTH, {"key": "A-1", "truth": {"churn": "Yes"}}])
def test_a_truth_joins_the_prediction_that_was_made_a_moment_ago(call, predicted, truth):
    response = give(call, truth)

    assert response.status_code == 200
    assert response.json["feedback"] == {
        "received": 1, "joined": 1, "changed": 0, "unchanged": 0, "unmatched": [],
    }  # fmt: skip
    (version,) = call("GET", "churn/performance", "predict").json["performance"]["versions"]
    assert (version["version"], version["answers"], version["truths"]) == ("1", 1, 1)


def test_what_nobody_asked_is_named_and_counted(call, predicted):
    told = give(call, {"key": "B-9", "truth": "No"}).json["feedback"]

    assert (told["joined"], told["unmatched"][0]["key"]) == (0, "B-9")
    assert call("GET", "churn/performance", "train").json["performance"]["truths_waiting"] == 1


def test_feedback_needs_its_scope(call):
    assert call("POST", "churn/feedback", "predict", "train", json={}).status_code == 403
    assert call("GET", "churn/performance", "feedback").status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 422, "/feedback"),
        ({"feedback": []}, 422, "/feedback"),
        ({"feedback": {}}, 422, "/feedback"),
        ({"feedbak": []}, 400, "/feedbak"),
        ({"feedback": [TRUTH] * 6}, 413, "/feedback"),
        ({"feedback": [{**TRUTH, "truth": "Perhaps"}]}, 422, "/feedback/0/truth"),
    ],
)
def test_a_body_that_does_not_fit_is_told_where(call, body, status, where):
    response = call("POST", "churn/feedback", "feedback", json=body)

    assert (response.status_code, response.json["faults"][0]["where"]) == (status, where)


@pytest.mark.parametrize(
    ("query", "where"),
    [("days=x", "days"), ("days=nan", "days"), ("days=0", "days"), ("window=year", "window"),
     ("dys=3", "dys"), ("days=300&window=hour", "window")],
)  # fmt: skip
def test_a_report_that_cannot_be_made_is_told_why(call, query, where):
    response = call("GET", f"churn/performance?{query}", "predict")

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, where)


def test_an_unknown_service_is_not_found(call):
    assert give(call, TRUTH, service="chrn").status_code == 404
    assert call("GET", "chrn/performance", "predict").status_code == 404


def test_another_tenant_s_predictions_are_none_of_ours(call, predicted, sidecar, client):
    headers = {"X-API-Key": sidecar.key(tenant="other")}

    response = client.post(
        "/v1/services/churn/feedback", json={"feedback": [TRUTH]}, headers=headers
    )

    assert response.status_code == 404


def test_drift_is_told_or_why_it_cannot_be(call, predicted):
    told = call("GET", "churn/drift?days=1", "train").json["drift"]

    assert (told["version"], told["windows"]) == ("1", [])
    assert "does not know how its training rows were spread" in told["problem"]
    assert call("GET", "churn/drift", "feedback").status_code == 403
    assert call("GET", "churn/drift?days=no", "predict").status_code == 422
