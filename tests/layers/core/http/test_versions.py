"""Versions are listed newest first and shown with their manifest; bad ones are put into quarantine."""

import pytest


@pytest.fixture
def call(sidecar, client):
    """Return a function that makes a call with the scope registry."""
    headers = sidecar.headers("registry")

    def called(method, path, **more):
        return client.open(f"/v1/services/churn/{path}", method=method, headers=headers, **more)

    return called


def test_versions_are_listed_newest_first(sidecar, client):
    sidecar.declare(0.75)

    listed = client.get("/v1/services/churn/versions", headers=sidecar.headers("registry")).json

    assert [(v["version"], v["aliases"]) for v in listed["versions"]] == [
        ("2", ["champion"]),
        ("1", []),
    ]
    assert "manifest" not in listed["versions"][0]


def test_a_version_is_shown_with_its_manifest(sidecar, client):
    shown = client.get("/v1/services/churn/versions/1", headers=sidecar.headers("registry")).json

    version = shown["version"]
    assert (version["service"], version["version"], version["aliases"]) == (
        "churn",
        "1",
        ["champion"],
    )
    assert "model/steady.json" in version["manifest"]["files"]
    assert len(version["digest"]) == 64


def test_an_unknown_version_is_not_found(sidecar, client):
    headers = sidecar.headers("registry")

    assert client.get("/v1/services/churn/versions/9", headers=headers).status_code == 404
    assert client.get("/v1/services/churn/versions/x", headers=headers).status_code == 404
    assert client.get("/v1/services/nope/versions", headers=headers).status_code == 404


def test_a_version_is_shown_with_what_it_is_used_for(sidecar, call):
    for chance in (0.75, 0.5):
        sidecar.declare(chance)
    call("PUT", "aliases/challenger", json={"version": 2, "share": 20})
    call("POST", "versions/1/quarantine", json={"reason": "answers nonsense"})

    shown = call("GET", "versions").json["versions"]

    assert [(v["version"], v["aliases"], v["share"], v["quarantined"]) for v in shown] == [
        ("3", ["champion"], None, None),
        ("2", ["challenger"], 20, None),
        ("1", [], None, "answers nonsense"),
    ]
    assert call("GET", "versions/2").json["version"]["share"] == 20


def test_a_pruned_version_says_when(sidecar, call):
    sidecar.declare(0.75)
    registry = sidecar.container.registry
    (pruned,) = registry.version_store.prune("default", "churn", [1], registry.now())

    shown = call("GET", "versions").json["versions"]

    assert [v["pruned"] for v in shown] == [None, pruned.pruned_at.isoformat()]
    assert call("PUT", "aliases/champion", json={"version": 1}).status_code == 409


def test_a_champion_in_quarantine_gives_way_to_the_one_before(sidecar, call):
    sidecar.declare(0.75)

    answer = call("POST", "versions/2/quarantine", json={"reason": "answers nonsense"}).json

    assert (answer["version"]["aliases"], answer["version"]["quarantined"]) == (
        [],
        "answers nonsense",
    )
    assert (answer["alias"]["version"], answer["alias"]["previous"]) == ("1", "2")
    again = call("POST", "versions/2/quarantine", json={"reason": "another"}).json
    assert (again["version"]["quarantined"], again["alias"]) == ("answers nonsense", None)


def test_what_is_in_quarantine_is_not_promoted_until_it_is_released(sidecar, call):
    sidecar.declare(0.75)
    call("POST", "versions/2/quarantine", json={"reason": "answers nonsense"})

    refused = call("PUT", "aliases/champion", json={"version": 2})
    released = call("POST", "versions/2/release", json={"reason": "the data was bad"})

    assert (refused.status_code, refused.json["code"]) == (409, "conflict")
    assert "answers nonsense" in refused.json["detail"]
    assert "minerva versions release churn 2" in refused.json["detail"]
    assert (released.status_code, released.json["version"]["quarantined"]) == (200, None)
    assert call("PUT", "aliases/champion", json={"version": 2}).status_code == 200


def test_what_is_not_in_quarantine_is_not_released(call):
    assert call("POST", "versions/1/release").status_code == 409
    assert call("POST", "versions/9/release").status_code == 404
    assert call("POST", "versions/9/quarantine", json={"reason": "x"}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": 1}])
def test_a_quarantine_has_a_reason(call, body):
    response = call("POST", "versions/1/quarantine", json=body)

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/reason")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "versions/1/quarantine"),
        ("POST", "versions/1/release"),
        ("DELETE", "aliases/shadow"),
    ],
)
def test_to_change_the_registry_needs_its_scope(sidecar, client, method, path):
    headers = sidecar.headers("predict", "train")

    response = client.open(
        f"/v1/services/churn/{path}", method=method, headers=headers, json={"reason": "x"}
    )

    assert response.status_code == 403
    assert sidecar.container.registry.quarantined("default", "churn") == {}


def test_another_tenants_versions_are_not_there(sidecar, client):
    headers = {"Authorization": f"Bearer {sidecar.key('registry', tenant='other')}"}

    response = client.post(
        "/v1/services/churn/versions/1/quarantine", headers=headers, json={"reason": "x"}
    )

    assert response.status_code == 404
    assert sidecar.container.registry.quarantined("default", "churn") == {}
