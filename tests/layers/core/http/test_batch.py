"""A batch is accepted as a job, once, or refused with what is wrong."""

import pytest

PATH = "/v1/services/churn/batch"


@pytest.fixture
def people(sidecar):
    """A file that callers may name."""
    folder = sidecar.container.loaded.workspace / "data"
    folder.mkdir()
    (folder / "people.csv").write_text(
        "customer_id,tenure,contract,monthly_charges\nA-1,3,One year,20.5\n"
    )


@pytest.fixture
def batch(sidecar, client):
    """Return a function that asks for a batch."""
    headers = sidecar.headers("train")

    def asked(body, **more):
        return client.post(PATH, json=body, headers={**headers, **more})

    return asked


def test_a_batch_is_accepted_once_however_often_it_is_asked_for(batch, people):
    call = {"input": "data/people.csv", "output": "data/scores.csv", "max_rejects": "5%"}
    first = batch(call, **{"Idempotency-Key": "nightly-1"})
    again = batch(call, **{"Idempotency-Key": "nightly-1"})

    job = first.json["job"]
    assert first.status_code == 202
    assert first.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["queue"], job["state"]) == ("batch", "batch", "queued")
    assert again.json["job"]["id"] == job["id"]
    assert again.headers["Idempotent-Replay"] == "true"


def test_what_is_wrong_is_told_with_a_pointer(batch):
    response = batch({"output": "data/scores.csv", "output_format": "xls"})

    assert response.status_code == 422
    assert response.json["faults"][0]["where"] == "/output_format"


def test_a_member_that_is_none_is_refused(batch):
    assert batch({"output": "data/scores.csv", "speed": 9}).status_code in {400, 422}


def test_a_place_that_is_not_allowed_is_refused(batch):
    response = batch({"input": "/etc/passwd", "output": "data/scores.csv"})

    assert response.status_code == 403
    assert "is not in a place that calls may name" in response.json["detail"]
