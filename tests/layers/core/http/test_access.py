"""Nothing under /v1 answers without a credential and the right scope."""

import re

import pytest
from flask import Flask

from minerva.layers.core.http.access import public, unmarked

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def guarded_routes(client):
    """Return method and an example path of every route that asks, tells or changes something."""
    for rule in client.application.url_map.iter_rules():
        if rule.rule.startswith(("/v1", "/v2", "/invocations", "/models")):
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            path = re.sub(r"<string\(length=12\):\w+>", "0123456789ab", path)
            path = re.sub(r"<\w+>", "churn", path)
            yield from ((method, path) for method in rule.methods & METHODS)


def test_every_route_refuses_a_caller_without_a_credential(client):
    routes = list(guarded_routes(client))

    answers = {(m, path): client.open(path, method=m).status_code for m, path in routes}

    assert len(routes) > 15
    assert set(answers.values()) == {401}


def test_every_route_refuses_a_key_that_is_not_known(client):
    stranger = {"X-API-Key": "mk_" + "0" * 12 + "_" + "0" * 64}

    answers = {
        client.open(path, method=m, headers=stranger).status_code
        for m, path in guarded_routes(client)
    }

    assert answers == {401}


def test_every_route_refuses_a_key_without_the_right_scope(sidecar, client):
    feedback, predict = sidecar.headers("feedback"), sidecar.headers("predict")

    answers = {
        client.open(
            path, method=m, headers=predict if path.endswith("/feedback") else feedback
        ).status_code
        for m, path in guarded_routes(client)
    }

    assert answers == {403}


def test_what_does_not_exist_is_not_told_to_strangers(client):
    assert client.get("/v1/nowhere").status_code == 401
    assert client.get("/v2/health/live").status_code == 401
    assert client.delete("/v1/services").status_code == 401
    assert client.options("/v1/services").status_code == 401


def test_what_does_not_exist_is_told_to_callers(sidecar, client):
    assert client.get("/v1/nowhere", headers=sidecar.headers()).status_code == 404


def test_both_headers_carry_a_key(sidecar, client):
    key = sidecar.key("predict")

    assert client.get("/v1/services", headers={"X-API-Key": key}).status_code == 200
    assert client.get("/v1/services", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_missing_scope_is_named(sidecar, client):
    response = client.post("/v1/services/churn/train", headers=sidecar.headers("predict"))

    assert response.json["code"] == "not_permitted"
    assert "scope train" in response.json["detail"]


def test_a_key_sees_its_own_tenant_only(sidecar, client):
    other = {"X-API-Key": sidecar.key(tenant="acme")}

    assert client.get("/v1/services", headers=other).json["services"] == []
    assert client.get("/v1/services/churn", headers=other).status_code == 404
    assert client.get("/v1/services/churn/versions", headers=other).status_code == 404


def test_without_auth_everyone_on_this_machine_may_do_everything(sidecar):
    client = sidecar.client(auth_required=False)

    assert client.get("/v1/services").status_code == 200
    assert client.post("/v1/services/churn/train").status_code == 202


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"Origin": "https://evil.example"}, "http://localhost"),
        ({"Origin": "null"}, "http://localhost"),
        ({}, "http://evil.example"),
        ({}, "http://10.0.0.7:8080"),
    ],
)
def test_without_auth_pages_of_other_sites_are_refused(sidecar, headers, base):
    client = sidecar.client(auth_required=False)

    response = client.post("/v1/services/churn/train", headers=headers, base_url=base)

    assert response.status_code == 403


@pytest.mark.parametrize(
    "base", ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "http://minerva.localhost"]
)  # fmt: skip
def test_without_auth_our_own_pages_are_let_in(sidecar, base):
    client = sidecar.client(auth_required=False)

    response = client.get("/v1/services", headers={"Origin": base}, base_url=base)

    assert response.status_code == 200


def test_without_auth_a_unix_socket_has_any_name(sidecar):
    client = sidecar.client(auth_required=False)

    response = client.get(
        "/v1/services", base_url="http://sidecar", environ_overrides={"REMOTE_ADDR": ""}
    )

    assert response.status_code == 200


def test_a_view_that_nobody_decided_about_is_found():
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/a", "decided", public(lambda: ""))
    app.add_url_rule("/b", "forgotten", lambda: "")

    assert unmarked(app) == ["forgotten"]
