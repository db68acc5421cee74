"""The champion is moved to a version that proves itself, and back."""

import re

import pytest


@pytest.fixture
def call(sidecar, client):
    """Return a function that makes a call with the scope registry."""
    headers = sidecar.headers("registry")

    def called(method, path, **more):
        return client.open(f"/v1/services/churn/{path}", method=method, headers=headers, **more)

    return called


def test_aliases_are_listed(call):
    assert call("GET", "aliases").json == {"aliases": {"champion": "1"}, "share": None}


@pytest.mark.parametrize("version", [1, "1"])
def test_an_alias_is_pointed_at_a_version(sidecar, call, version):
    sidecar.declare(0.75)

    response = call("PUT", "aliases/champion", json={"version": version, "reason": "calmer"})

    change = response.json["alias"]
    assert response.status_code == 200
    assert (change["version"], change["previous"], change["reason"]) == ("1", "2", "calmer")
    assert re.fullmatch(r"test \([0-9a-f]{12}\)", change["author"])
    assert call("GET", "aliases").json["aliases"] == {"champion": "1"}


@pytest.mark.parametrize("share", [None, 1, 12.5, 100])
def test_a_challenger_is_given_a_share(sidecar, call, share):
    sidecar.declare(0.75)

    response = call("PUT", "aliases/challenger", json={"version": 1, "share": share})

    assert (response.json["alias"]["version"], response.json["alias"]["share"]) == (
        "1",
        share or 10,
    )
    assert call("GET", "aliases").json == {
        "aliases": {"challenger": "1", "champion": "2"},
        "share": share or 10,
    }


@pytest.mark.parametrize("share", [0, -1, 100.5, 10**400, "10", True, []])
def test_what_is_no_share_is_refused(call, share):
    response = call("PUT", "aliases/challenger", json={"version": 1, "share": share})

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/share")


def test_only_a_challenger_has_a_share(call):
    response = call("PUT", "aliases/shadow", json={"version": 1, "share": 10})

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/share")


@pytest.mark.parametrize("alias", ["challenger", "shadow"])
def test_challenger_and_shadow_are_taken_away(sidecar, call, alias):
    sidecar.declare(0.75)
    call("PUT", f"aliases/{alias}", json={"version": 1})

    change = call("DELETE", f"aliases/{alias}", json={"reason": "enough seen"}).json["alias"]

    assert (change["version"], change["previous"], change["share"], change["reason"]) == (
        None,
        "1",
        None,
        "enough seen",
    )
    assert call("GET", "aliases").json["aliases"] == {"champion": "2"}
    assert call("DELETE", f"aliases/{alias}").status_code == 404


def test_a_champion_is_not_taken_away(call):
    response = call("DELETE", "aliases/champion")

    assert (response.status_code, response.json["code"]) == (409, "conflict")
    assert call("GET", "aliases").json["aliases"] == {"champion": "1"}


@pytest.mark.parametrize("version", [None, 0, -1, 1.5, True, "one", [], "9" * 20, 10**12])
def test_what_names_no_version_is_refused(call, version):
    response = call("PUT", "aliases/champion", json={"version": version})

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/version")


def test_a_missing_version_is_refused(call):
    response = call("PUT", "aliases/champion", json={})

    assert response.json["faults"] == [{"where": "/version", "message": "is missing"}]


@pytest.mark.parametrize("reason", [1, None, "x" * 501])
def test_a_reason_is_a_short_text(call, reason):
    response = call("PUT", "aliases/champion", json={"version": 1, "reason": reason})

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/reason")


def test_an_unknown_version_is_not_found(call):
    assert call("PUT", "aliases/champion", json={"version": 9}).status_code == 404


def test_an_unknown_alias_is_refused(call):
    assert call("PUT", "aliases/hero", json={"version": 1}).status_code == 422
    assert call("DELETE", "aliases/hero").status_code == 422


def test_rolling_back_returns_to_the_champion_before(sidecar, call):
    sidecar.declare(0.75)

    response = call("POST", "rollback", json={"reason": "complaints"})

    assert (response.json["alias"]["version"], response.json["alias"]["reason"]) == (
        "1",
        "complaints",
    )


def test_rolling_back_needs_no_body(sidecar, call):
    sidecar.declare(0.75)

    assert call("POST", "rollback").json["alias"]["version"] == "1"


def test_there_is_nothing_before_the_first(call):
    response = call("POST", "rollback")

    assert (response.status_code, response.json["code"]) == (409, "conflict")
