"""Versions are listed newest first and shown with their manifest."""


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
