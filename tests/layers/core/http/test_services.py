"""Services are listed and described, with what is wrong beside them."""


def test_services_are_listed_with_their_schema(sidecar, client):
    listed = client.get("/v1/services", headers=sidecar.headers("predict")).json

    (service,) = listed["services"]
    assert (service["service"], service["version"], service["ready"]) == ("churn", "1", True)
    first = service["schema"]["inputs"][0]
    assert (first["name"], first["unit"]) == ("tenure", "month")


def test_broken_files_are_listed_as_problems(sidecar, client):
    (sidecar.workspace / "services" / "broken.yaml").write_text("service: [")
    sidecar.refresh()

    listed = client.get("/v1/services", headers=sidecar.headers()).json

    assert any(problem["where"].startswith("broken.yaml") for problem in listed["problems"])
    assert [service["service"] for service in listed["services"]] == ["churn"]


def test_a_service_is_described_with_versions_and_aliases(sidecar, client):
    sidecar.declare(0.75)

    described = client.get("/v1/services/churn", headers=sidecar.headers()).json["service"]

    assert described["versions"] == {"count": 2, "latest": "2"}
    assert described["aliases"] == {"champion": "2"}
    assert (described["share"], described["quarantined"]) == (None, [])
    assert described["description"] == "Will this subscriber leave this month?"


def test_a_service_shows_its_challengers_share_and_what_is_in_quarantine(sidecar, client):
    for chance in (0.75, 0.5):
        sidecar.declare(chance)
    registry = sidecar.container.registry
    registry.promote("default", "churn", 2, alias="challenger", share=5, author="me")
    registry.quarantine("default", "churn", 1, author="me", reason="nonsense")

    described = client.get("/v1/services/churn", headers=sidecar.headers()).json["service"]

    assert described["aliases"] == {"challenger": "2", "champion": "3"}
    assert described["share"] == 5
    (kept,) = described["quarantined"]
    assert (kept["version"], kept["reason"]) == ("1", "nonsense")


def test_an_unknown_service_is_told_the_name_that_was_meant(sidecar, client):
    response = client.get("/v1/services/chrun", headers=sidecar.headers())

    assert response.status_code == 404
    assert "Did you mean 'churn'?" in response.json["detail"]
