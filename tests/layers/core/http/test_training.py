"""A training is accepted once, however often it is asked for with the same key."""

import pytest

PATH = "/v1/services/churn/train"


@pytest.fixture
def train(sidecar, client):
    """Return a function that asks for a training."""
    headers = sidecar.headers("train")

    def asked(**more):
        return client.post(PATH, headers={**headers, **more.pop("headers", {})}, **more)

    return asked


def test_a_training_is_accepted_as_a_job(train):
    response = train(headers={"X-Request-ID": "r-1"})

    job = response.json["job"]
    assert response.status_code == 202
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert "Idempotent-Replay" not in response.headers
    assert (job["service"], job["kind"], job["state"]) == ("churn", "train", "queued")
    assert job["request_id"] == "r-1"


def test_an_empty_object_is_as_good_as_no_body(train):
    assert train(json={}).status_code == 202


def test_only_a_flow_has_services_that_are_trained_first(train):
    response = train(json={"with_services": True})

    assert response.status_code == 422
    assert [one["where"] for one in response.json["faults"]] == ["/with_services"]
    assert train(json={"with_services": False}).status_code == 202


@pytest.mark.parametrize("more", [{}, {"json": {}}])
def test_how_a_csv_is_written_is_refused_where_none_is_sent(train, more):
    response = train(query_string={"encoding": "utf-8", "decimal": ","}, **more)

    assert response.status_code == 422
    assert [one["where"] for one in response.json["faults"]] == ["encoding", "decimal"]


def test_the_same_key_leads_to_the_same_job(train):
    first = train(headers={"Idempotency-Key": "nightly-1"})
    again = train(headers={"Idempotency-Key": "nightly-1"})

    assert again.status_code == 202
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.json["job"]["id"] == first.json["job"]["id"]


def test_another_key_leads_to_another_job(train):
    first = train(headers={"Idempotency-Key": "nightly-1"})
    other = train(headers={"Idempotency-Key": "nightly-2"})

    assert other.json["job"]["id"] != first.json["job"]["id"]


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b"])
def test_a_malformed_key_is_refused(train, key):
    response = train(headers={"Idempotency-Key": key})

    assert response.status_code == 422
    assert response.json["faults"][0]["where"] == "Idempotency-Key"


def test_members_that_mean_nothing_are_refused(train):
    response = train(json={"epochs": 3})

    assert (response.status_code, response.json["faults"][0]["where"]) == (400, "/epochs")


def test_an_unknown_service_is_not_trained(sidecar, client):
    response = client.post("/v1/services/nope/train", headers=sidecar.headers("train"))

    assert response.status_code == 404
