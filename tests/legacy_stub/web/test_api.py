"""JSON for programs."""

from fake_sidecar import problem

from legacy_stub.tables import FEATURES


def test_a_customer_with_a_live_risk(client):
    found = client.get("/api/customers/C-00003").json

    assert found["customer_id"] == "C-00003"
    assert found["name"] == "Mateo Bianchi"
    assert set(found["features"]) == set(FEATURES)
    assert found["risk"]["probability"] == 0.735
    assert found["risk"]["band"] == "high"
    assert found["risk"]["version"] == "1"
    assert found["risk"]["reason"] is None


def test_a_customer_without_a_prediction(client, fake):
    fake.predicting = problem(503, "overloaded")

    risk = client.get("/api/customers/C-00003").json["risk"]

    assert risk["probability"] is None
    assert risk["reason"] == "The sidecar answered 503 (overloaded)."


def test_the_riskiest(client, scored):
    found = client.get("/api/riskiest?limit=3").json["customers"]

    assert [customer["customer_id"] for customer in found][:1] == ["C-00001"]
    assert [customer["probability"] for customer in found] == [0.7425] * 3
    assert len(client.get("/api/riskiest").json["customers"]) == 5
    assert client.get("/api/riskiest?limit=0").json["customers"] == []


def test_the_status_as_json(client, scored):
    found = client.get("/status.json").json

    assert found["main"]["scored"] == 600
    assert found["main"]["scored_at"].endswith("+00:00")
    assert found["sidecar"] == {"reachable": True, "service": "churn"}


def test_health_does_not_need_the_sidecar(client, fake):
    fake.stop()

    answer = client.get("/health")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
