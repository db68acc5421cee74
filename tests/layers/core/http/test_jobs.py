"""Jobs are listed, shown, cancelled; each has a history and what its attempts printed."""

import pytest


@pytest.fixture
def call(sidecar, client):
    """Return a function that makes a call with the scope train."""
    headers = sidecar.headers("train")

    def called(method, path, **more):
        return client.open(
            path, method=method, headers={**headers, **more.pop("headers", {})}, **more
        )

    return called


@pytest.fixture
def job_id(call):
    """A queued job."""
    return call("POST", "/v1/services/churn/train").json["job"]["id"]


def test_jobs_are_listed_newest_first(call, job_id):
    second = call("POST", "/v1/services/churn/train").json["job"]["id"]

    listed = call("GET", "/v1/jobs").json["jobs"]

    assert {job["id"] for job in listed} == {job_id, second}
    assert listed[0]["created_at"] >= listed[1]["created_at"]


def test_jobs_are_listed_by_service_state_and_number(call, job_id):
    call("POST", "/v1/services/churn/train")

    assert len(call("GET", "/v1/jobs?service=churn&state=queued").json["jobs"]) == 2
    assert call("GET", "/v1/jobs?service=other").json["jobs"] == []
    assert call("GET", "/v1/jobs?state=failed").json["jobs"] == []
    assert len(call("GET", "/v1/jobs?limit=1").json["jobs"]) == 1


@pytest.mark.parametrize(
    ("query", "where"),
    [("state=lost", "state"), ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"),
     ("limit=", "limit"), ("limit=1e3", "limit"), ("limit=99999999999", "limit")],
)  # fmt: skip
def test_parameters_that_do_not_fit_are_named(call, query, where):
    response = call("GET", f"/v1/jobs?{query}")

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, where)


def test_a_job_is_shown(call, job_id):
    assert call("GET", f"/v1/jobs/{job_id}").json["job"]["id"] == job_id


@pytest.mark.parametrize(
    ("method", "below"), [("GET", ""), ("GET", "/events"), ("GET", "/log"), ("POST", "/cancel")]
)
def test_an_unknown_job_is_not_found(call, method, below):
    assert call(method, f"/v1/jobs/nope{below}").status_code == 404


def test_a_queued_job_is_cancelled_at_once(call, job_id):
    response = call("POST", f"/v1/jobs/{job_id}/cancel")

    assert (response.status_code, response.json["job"]["state"]) == (200, "cancelled")
    assert call("POST", f"/v1/jobs/{job_id}/cancel").json["job"]["state"] == "cancelled"


def test_the_history_is_a_list(call, job_id):
    call("POST", f"/v1/jobs/{job_id}/cancel")

    events = call("GET", f"/v1/jobs/{job_id}/events").json["events"]

    assert [event["number"] for event in events] == [1, 2]
    assert [event["state"] for event in events] == ["queued", "cancelled"]
    later = call("GET", f"/v1/jobs/{job_id}/events?after=1").json["events"]
    assert [event["number"] for event in later] == [2]


def test_what_the_attempts_printed_is_plain_text(sidecar, call, job_id):
    folder = sidecar.house.jobs.folder / job_id
    folder.mkdir(parents=True)
    (folder / "attempt-1.log").write_text("första försöket\n", encoding="utf-8")
    (folder / "attempt-2.log").write_text("again\n")

    response = call("GET", f"/v1/jobs/{job_id}/log")

    assert response.mimetype == "text/plain"
    assert response.text == "första försöket\nagain\n"
