"""A tuning is accepted as a job; its trials are told; its proposals are decided on by who may."""

from datetime import UTC, datetime

import pytest

from minerva.bootstrap import open_web
from minerva.layers.abstraction.tuning.proposal import NewProposal
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, TrialState
from minerva.settings import load

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SERVICE = """
service: rent
algorithm: xgboost.regressor
parameters: {max_depth: 1, n_estimators: 20}
schema:
  inputs: {size: {type: number}}
  output: {rent: {type: number}}
data: {source: csv, path: rents.csv}
"""
EVIDENCE = {"metric": "rmse", "baseline": 2.0, "best": 1.0}


@pytest.fixture
def call(sidecar, client):
    """Returns what makes a call with some scopes on a workspace whose service `rent` can be tuned."""
    (sidecar.workspace / "services" / "rent.yaml").write_text(SERVICE)
    sidecar.refresh()

    def called(method, path, *scopes, **more):
        return client.open(path, method=method, headers=sidecar.headers(*scopes), **more)

    return called


@pytest.fixture
def proposed(sidecar, call):
    """A proposal for `rent`."""
    return sidecar.container.stores.proposals.propose(
        NewProposal("default", "rent", "job-1", 1, {"max_depth": 5}, EVIDENCE, "ann", NOW)
    )


def test_a_tuning_is_accepted_as_a_job(call):
    response = call("POST", "/v1/services/rent/tune", "train", json={"trials": 3, "priority": 5})

    job = response.json["job"]
    assert response.status_code == 202
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["service"], job["state"]) == ("tune", "rent", "queued")


def test_any_kind_of_call_starts_the_same(call):
    body = {"kind": "tune", "parameters": {"trials": 3}}

    assert call("POST", "/v1/services/rent/jobs", "train", json=body).status_code == 202


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [({"trials": 0}, 422, "/trials"), ({"trails": 1}, 400, "/trails"), ({"parallel": 0.5}, 422, "/parallel")],
)  # fmt: skip
def test_wishes_that_do_not_fit_are_named(call, body, status, where):
    response = call("POST", "/v1/services/rent/tune", "train", json=body)

    assert (response.status_code, response.json["faults"][0]["where"]) == (status, where)


def test_what_cannot_be_tuned_is_refused_before_anything_is_queued(call):
    response = call("POST", "/v1/services/churn/tune", "train")

    assert response.status_code == 409
    assert "nothing to tune" in response.json["detail"]
    assert call("GET", "/v1/jobs", "train").json["jobs"] == []


def test_trials_are_told_by_number(call, sidecar):
    job_id = call("POST", "/v1/services/rent/tune", "train", json={"trials": 3}).json["job"]["id"]
    trials = sidecar.container.stores.trials
    trials.begin(NewTrial("default", job_id, 0, "part", {"max_depth": 1}, NOW))
    ended = Ended(TrialState.COMPLETE, 2.5, {"rmse": 2.5}, {"1": 3.0})
    trials.end("default", job_id, 0, ended, NOW)

    told = call("GET", f"/v1/jobs/{job_id}/trials", "train").json

    assert (told["metric"], told["less_is_better"], told["planned"]) == ("rmse", True, 3)
    (trial,) = told["trials"]
    assert (trial["number"], trial["state"], trial["value"], trial["steps"]) == (
        0, "complete", 2.5, 1,
    )  # fmt: skip


def test_a_proposal_is_listed_and_shown(call, proposed):
    (listed,) = call("GET", "/v1/services/rent/proposals", "predict").json["proposals"]

    shown = call("GET", "/v1/services/rent/proposals/1", "registry").json["proposal"]

    assert shown == listed == proposed.to_json()
    assert (shown["state"], shown["parameters"]) == ("open", {"max_depth": 5})


def test_an_accepted_proposal_is_trained_and_shows_in_the_service(call, proposed, sidecar):
    body = {"decision": "accept", "reason": "deeper is better"}

    answer = call("PUT", "/v1/services/rent/proposals/1", "admin", json=body).json
    sidecar.refresh()

    assert (answer["proposal"]["state"], answer["proposal"]["revision"]) == ("accepted", 2)
    assert answer["proposal"]["reason"] == "deeper is better"
    assert call("GET", f"/v1/jobs/{answer['job_id']}", "train").json["job"]["kind"] == "train"
    described = call("GET", "/v1/services/rent", "predict").json["service"]
    assert described["configuration_revision"] == 2
    assert described["tuned"] == {
        "proposal": 1,
        "parameters": {"max_depth": 5, "n_estimators": 20},
    }


def test_an_accepted_proposal_yields_to_an_edited_file_only(call, proposed, sidecar):
    call("PUT", "/v1/services/rent/proposals/1", "admin", json={"decision": "accept"})
    file = sidecar.workspace / "services" / "rent.yaml"

    sidecar.refresh()
    file.write_text(f"# saved again, with a comment\n{SERVICE}")
    sidecar.refresh()
    assert call("GET", "/v1/services/rent", "predict").json["service"]["tuned"]

    file.write_text(SERVICE.replace("max_depth: 1", "max_depth: 2"))
    sidecar.refresh()

    described = call("GET", "/v1/services/rent", "predict").json["service"]
    assert (described["configuration_revision"], described["tuned"]) == (3, None)


def test_a_rejected_proposal_stays_so(call, proposed):
    path = "/v1/services/rent/proposals/1"
    rejected = call("PUT", path, "admin", json={"decision": "reject", "reason": "no"}).json

    accepted = call("PUT", path, "admin", json={"decision": "accept"})

    assert (rejected["proposal"]["state"], rejected["job_id"]) == ("rejected", None)
    assert (accepted.status_code, accepted.json["code"]) == (409, "conflict")


@pytest.mark.parametrize("body", [{}, {"decision": "maybe"}, {"decision": 1}])
def test_a_decision_is_to_accept_or_to_reject(call, proposed, body):
    response = call("PUT", "/v1/services/rent/proposals/1", "admin", json=body)

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "/decision")


def test_who_may_train_may_not_decide(call, proposed):
    response = call(
        "PUT", "/v1/services/rent/proposals/1", "train", "registry", json={"decision": "accept"}
    )

    assert (response.status_code, response.json["code"]) == (403, "not_permitted")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/rent/proposals/2",
        "/v1/services/other/proposals",
        "/v1/services/other/proposals/1",
        "/v1/jobs/unknown/trials",
    ],
)
def test_what_is_not_there_is_not_found(call, proposed, path):
    assert call("GET", path, "train").status_code == 404


def test_an_accepted_proposal_survives_a_restart(call, proposed, sidecar):
    call("PUT", "/v1/services/rent/proposals/1", "admin", json={"decision": "accept"})

    with open_web(load(sidecar.workspace, {})) as again:
        again.workspace_services.apply()

        newest = again.registry.configuration("default", "rent")
        assert (newest.revision, newest.declaration["parameters"]["max_depth"]) == (2, 5)
