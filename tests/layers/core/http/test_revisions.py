"""The history of a service's configuration over REST, and the way back."""

import pytest


@pytest.fixture
def call(sidecar, client):
    """Returns what makes a call with some scopes on a service of two revisions."""
    path = sidecar.workspace / "services" / "churn.yaml"
    path.write_text(path.read_text().replace("0.25", "0.75") + "reason: they leave more often\n")
    sidecar.refresh()

    def called(method, path, *scopes, **more):
        return client.open(path, method=method, headers=sidecar.headers(*scopes), **more)

    return called


def test_revisions_are_listed_with_what_they_changed(call):
    newest, first = call("GET", "/v1/services/churn/revisions", "registry").json["revisions"]

    assert (newest["revision"], newest["reason"]) == (2, "they leave more often")
    assert newest["changes"] == [{"member": "parameters.chance", "before": 0.25, "after": 0.75}]
    assert (first["revision"], first["changes"]) == (1, [])


def test_one_revision_is_shown_whole(call):
    told = call("GET", "/v1/services/churn/revisions/1", "train").json["revision"]

    assert told["declaration"]["parameters"] == {"chance": 0.25}


def test_a_revision_is_restored_by_an_administrator(call, sidecar, record):
    body = {"reason": "they do not"}

    response = call("POST", "/v1/services/churn/revisions/1/restore", "admin", json=body)

    assert response.status_code == 200
    revision = response.json["revision"]
    assert (revision["revision"], revision["reason"], revision["derived"]) == (
        3,
        "they do not",
        True,
    )
    assert response.json["job_id"] is not None
    shown = call("GET", "/v1/services/churn", "predict").json["service"]
    assert shown["configuration_revision"] == 2
    sidecar.refresh()
    shown = call("GET", "/v1/services/churn", "predict").json["service"]
    assert shown["configuration_revision"] == 3


@pytest.mark.parametrize(
    ("path", "scope", "body", "status"),
    [
        ("1/restore", "registry", {"reason": "a"}, 403),
        ("1/restore", "admin", {}, 422),
        ("1/restore", "admin", {"reason": " "}, 422),
        ("1/restore", "admin", {"reason": "a", "train": "yes"}, 422),
        ("1/restore", "admin", {"reson": "a"}, 400),
        ("9/restore", "admin", {"reason": "a"}, 404),
    ],
)
def test_what_cannot_be_restored_is_refused(call, path, scope, body, status):
    response = call("POST", f"/v1/services/churn/revisions/{path}", scope, json=body)

    assert response.status_code == status
