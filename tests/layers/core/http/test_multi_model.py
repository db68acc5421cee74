"""SageMaker's contract for many models: load, unload, list, describe, invoke."""

import pytest
from structlog.testing import capture_logs

RECORDS = [{"customer_id": "C-1", "tenure": 3, "contract": "One year"}]


@pytest.fixture
def call(sidecar, client):
    """Return a function that calls a route below `/models`, as an operator."""
    headers = sidecar.headers("registry", "predict")

    def called(method, path="", body=None):
        return client.open(f"/models{path}", method=method, headers=headers, json=body)

    return called


@pytest.fixture
def load(call):
    """Return a function that loads a model of a name."""
    return lambda name: call("POST", "", wish(name))


def wish(name):
    return {"model_name": name, "url": f"/opt/ml/models/{name}/model"}


@pytest.fixture
def four(sidecar):
    """Four versions: 4 serves, 3 is the champion before, 1 and 2 are not in memory any more."""
    for chance in (0.6, 0.9, 0.3):
        sidecar.declare(chance)


def names(response):
    return [model["modelName"] for model in response.json["models"]]


def test_models_in_memory_are_listed_and_described(four, call):
    listed = call("GET")

    assert names(listed) == ["churn", "churn:3", "churn:4"]
    described = {"modelName": "churn:4", "modelUrl": "/opt/ml/models/churn:4/model"}
    assert listed.json["models"][-1] == described
    assert call("GET", "/churn:4").json == described
    assert call("GET", "/churn%3A4").json == described


def test_what_is_only_still_in_memory_can_be_loaded(four, sidecar, load):
    """The champion before stays a while in the web workers that had it, and nobody can rely on that."""
    assert load("churn:3").status_code == 200

    assert sidecar.container.registry.aliases("default", "churn") == {"champion": 4, "standby": 3}
    assert load("churn:3").status_code == 409


def test_a_model_is_loaded_invoked_and_unloaded(four, sidecar, call, load):
    assert load("churn:1").status_code == 200

    answered = call("POST", "/churn:1/invoke", {"instances": RECORDS})
    assert answered.json["predictions"][0]["churn_probabilities"] == {"No": 0.75, "Yes": 0.25}
    assert answered.headers["X-Minerva-Version"] == "1"
    assert "churn:1" in names(call("GET"))
    assert sidecar.container.registry.aliases("default", "churn") == {"champion": 4, "standby": 1}

    assert call("DELETE", "/churn:1").status_code == 200
    gone = [
        call("GET", "/churn:1"),
        call("DELETE", "/churn:1"),
        call("POST", "/churn:1/invoke", {}),
    ]
    assert [response.status_code for response in gone] == [404, 404, 404]


def test_the_service_itself_is_a_model(four, call):
    answered = call("POST", "/churn/invoke", {"dataframe_records": RECORDS})

    assert answered.headers["X-Minerva-Version"] == "4"


def test_what_is_loaded_already_conflicts(four, load):
    assert load("churn").status_code == 409
    assert load("churn:4").status_code == 409


def test_a_second_standby_finds_no_room_until_the_first_one_is_unloaded(four, call, load):
    load("churn:1")

    full = load("churn:2")
    assert (full.status_code, full.json["code"]) == (507, "insufficient_storage")
    assert "'churn:1'" in full.json["detail"]

    call("DELETE", "/churn:1")
    assert load("churn:2").status_code == 200


def test_a_champion_is_not_unloaded(four, call):
    for name in ("churn", "churn:4", "churn:3"):
        assert call("DELETE", f"/{name}").status_code == 409


def test_what_must_not_serve_is_refused_whatever_else_is_unloaded(four, sidecar, load):
    sidecar.container.registry.quarantine("default", "churn", 1, author="ann", reason="bad")

    response = load("churn:1")

    assert (response.status_code, response.json["code"]) == (422, "invalid_input")
    assert "bad" in response.json["detail"]


@pytest.mark.parametrize("name", ["chrn", "churn:9", "churn:x", "churn:", "churn:1234567890"])
def test_what_does_not_exist_is_not_found(call, load, name):
    assert load(name).status_code == 404
    assert call("GET", f"/{name}").status_code == 404
    assert call("POST", f"/{name}/invoke", {"instances": RECORDS}).status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([], ""),
        ({}, "/model_name"),
        ({"model_name": "churn"}, "/url"),
        ({"model_name": 3, "url": ""}, "/model_name"),
        (wish("churn") | {"more": 1}, "/more"),
        (wish("churn") | {"url": "s3://bucket/model"}, "/url"),
    ],
)
def test_a_wish_that_does_not_fit_is_pointed_at(call, body, where):
    response = call("POST", "", body)

    assert response.status_code in {400, 422}
    assert response.json["faults"][0]["where"] == where


def test_loading_and_unloading_need_the_scope_of_the_registry(sidecar, client):
    headers = sidecar.headers("predict")

    assert client.post("/models", json=wish("churn:1"), headers=headers).status_code == 403
    assert client.delete("/models/churn:1", headers=headers).status_code == 403
    assert client.get("/models", headers=headers).status_code == 200
    looker = sidecar.headers("metrics")
    assert client.post("/models/churn/invoke", json={}, headers=looker).status_code == 403


def test_another_tenant_sees_nothing(sidecar, client):
    headers = {"X-API-Key": sidecar.key(tenant="other")}

    assert client.get("/models", headers=headers).json == {"models": []}
    assert client.get("/models/churn", headers=headers).status_code == 404
    assert client.post("/models", json=wish("churn"), headers=headers).status_code == 404


def test_an_invocation_is_logged_with_the_version_that_answered(four, call):
    with capture_logs() as logs:
        call("POST", "/churn:3/invoke", {"instances": RECORDS})

    (event,) = [log for log in logs if log["event"] == "prediction.answered"]
    assert (event["service"], event["version"]) == ("churn", "3")
