"""Versions are loaded and unloaded beside what the aliases serve."""

import json

import pytest

BASE = "/v2/repository"


@pytest.fixture
def post(sidecar, client):
    """Return a function that posts a body to a path below `/v2/repository`, as an operator."""
    headers = sidecar.headers("registry", "predict")
    return lambda path, body=None: client.post(BASE + path, headers=headers, json=body)


@pytest.fixture
def three(sidecar):
    """Three versions: 3 serves, 2 is the champion before, 1 is not in memory any more."""
    for chance in (0.6, 0.9):
        sidecar.declare(chance)


def states(response):
    """Return version → state."""
    return {entry["version"]: entry["state"] for entry in response.json}


def test_the_index_tells_every_version_and_why_it_is_not_ready(three, sidecar, post):
    sidecar.container.registry.quarantine("default", "churn", 1, author="ann", reason="bad")

    told = post("/index").json

    assert told == [
        {"name": "churn", "version": "3", "state": "READY", "reason": ""},
        {"name": "churn", "version": "2", "state": "READY", "reason": ""},
        {"name": "churn", "version": "1", "state": "UNAVAILABLE", "reason": "It is in quarantine: bad"},
    ]  # fmt: skip
    assert states(post("/index", {"ready": True})) == {"3": "READY", "2": "READY"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"version": "1"},
        {"version": 1},
        {"config": json.dumps({"version_policy": {"specific": {"versions": [1]}}})},
    ],
)
def test_a_version_that_is_loaded_answers_by_its_number(three, sidecar, post, client, parameters):
    assert post("/models/churn/load", {"parameters": parameters}).status_code == 200

    assert states(post("/index")) == {"3": "READY", "2": "READY", "1": "READY"}
    ready = client.get("/v2/models/churn/versions/1/ready", headers=sidecar.headers("predict"))
    assert ready.status_code == 200
    assert sidecar.container.registry.aliases("default", "churn") == {"champion": 3, "standby": 1}


def test_what_is_unloaded_is_let_go_of_and_the_champion_stays(three, sidecar, post):
    post("/models/churn/load", {"parameters": {"version": "1"}})

    assert post("/models/churn/unload", {"parameters": {"unload_dependents": False}}).json == {}

    assert states(post("/index"))["1"] == "UNAVAILABLE"
    again = post("/models/churn/unload")
    assert again.status_code == 409
    assert "a champion stays" in again.json["error"]
    assert sidecar.container.registry.aliases("default", "churn") == {"champion": 3}


def test_what_an_alias_names_needs_no_other(three, sidecar, post):
    assert post("/models/churn/load", {"parameters": {"version": "3"}}).status_code == 200
    assert post("/models/churn/load").status_code == 200
    assert sidecar.container.registry.aliases("default", "churn") == {"champion": 3}
    assert post("/models/churn/unload", {"parameters": {"version": "3"}}).status_code == 409


def test_what_cannot_be_loaded_says_why(three, sidecar, post):
    sidecar.container.registry.quarantine("default", "churn", 1, author="ann", reason="bad")

    quarantined = post("/models/churn/load", {"parameters": {"version": "1"}})
    unknown = post("/models/churn/load", {"parameters": {"version": "9"}})
    nowhere = post("/models/chrn/load")

    assert (quarantined.status_code, unknown.status_code, nowhere.status_code) == (409, 404, 404)
    assert "bad" in quarantined.json["error"]


def test_a_body_that_says_something_else_is_refused_where_it_does(post):
    for path, body, where in (
        ("/index", {"ready": 1}, "/ready"),
        ("/index", [], ""),
        ("/models/churn/load", {"parameters": {"version": "latest"}}, "/parameters/version"),
        ("/models/churn/load", {"parameters": {"version": -1}}, "/parameters/version"),
        ("/models/churn/load", {"parameters": {"config": "{"}}, "/parameters/config"),
        ("/models/churn/load", {"parameters": {"config": {}}}, "/parameters/config"),
        ("/models/churn/load", {"parameters": {"config": '{"backend": "onnx"}'}}, "/parameters/config"),
        ("/models/churn/load", {"parameters": {"config": '{"version_policy": {"latest": {}}}'}}, "/parameters/config"),
        ("/models/churn/load", {"parameters": {"file:1/model.onnx": "AA=="}}, "/parameters/file:1~1model.onnx"),
        ("/models/churn/unload", {"parameters": 3}, "/parameters"),
    ):  # fmt: skip
        response = post(path, body)

        assert response.status_code in {400, 422}
        assert response.json["faults"][0]["where"] == where


def test_loading_needs_the_scope_of_the_registry(sidecar, client):
    headers = sidecar.headers("predict")

    for action in ("load", "unload"):
        response = client.post(f"{BASE}/models/churn/{action}", headers=headers)
        assert response.status_code == 403
    assert client.post(f"{BASE}/index", headers=headers).status_code == 200
