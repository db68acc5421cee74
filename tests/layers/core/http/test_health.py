"""Probes say yes or no to anyone, and why to those who may know."""


def test_a_process_that_answers_is_alive(client):
    response = client.get("/livez")

    assert (response.status_code, response.json) == (200, {"status": "alive"})


def test_ready_means_that_every_champion_is_served(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json["status"] == "ready"
    assert [(s["service"], s["ready"]) for s in response.json["services"]] == [("churn", True)]


def test_a_champion_that_cannot_be_loaded_makes_it_not_ready(sidecar, client):
    digest = sidecar.house.registry.version("default", "churn", 1).digest
    folder = sidecar.container.artefacts.fetch(digest)
    (folder / "model" / "steady.json").chmod(0o600)
    (folder / "model" / "steady.json").write_text("0.99")
    fresh = type(sidecar.house.live)(
        sidecar.house.live.registry, sidecar.house.live.loader, sidecar.house.live.problems
    )
    fresh.refresh()

    response = sidecar.client(live=fresh).get("/readyz")

    assert response.status_code == 503
    assert response.json["status"] == "not ready"
    assert "cannot be served" in response.json["services"][0]["problem"]


def test_a_process_that_was_told_to_stop_takes_no_more(sidecar, client):
    sidecar.house.draining.set()

    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_beyond_this_machine_strangers_learn_yes_or_no(sidecar):
    client = sidecar.client(local_only=False)

    assert client.get("/readyz").json == {"status": "ready"}
    assert client.get("/readyz", headers={"X-API-Key": "wrong"}).json == {"status": "ready"}


def test_beyond_this_machine_a_caller_learns_of_its_own_services(sidecar):
    client = sidecar.client(local_only=False)
    other = {"X-API-Key": sidecar.key(tenant="acme")}

    assert len(client.get("/readyz", headers=sidecar.headers()).json["services"]) == 1
    assert client.get("/readyz", headers=other).json["services"] == []
