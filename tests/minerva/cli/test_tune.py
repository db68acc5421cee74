"""Tuning at the terminal: started, looked at while it runs, accepted and rejected."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from minerva.cli.tune import parameters_line
from minerva.layers.abstraction.jobs.job import Lease
from minerva.layers.abstraction.tuning.proposal import NewProposal
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, TrialState

SERVICE = """
service: rent
algorithm: xgboost.regressor
parameters: {max_depth: 1}
schema: {inputs: {size: {type: number}}, output: {rent: {type: number}}}
data: {source: csv, path: rents.csv}
"""
EVIDENCE = {
    "metric": "rmse", "baseline": 2.5, "best": 1.25, "best_trial": 3, "trials": 4, "complete": 2,
    "pruned": 1, "failed": 1, "verdict": "rmse 1.3 instead of 2.6 on rows that no trial saw.",
}  # fmt: skip
NOW = datetime.now(UTC)


@pytest.fixture
def container(serving):
    """The parts of a sidecar that answers in this process."""
    with serving(rent=SERVICE) as opened:
        yield opened


@pytest.fixture
def ask(minerva, container):
    """Run a command that succeeds and return what it writes."""

    def asked(*words):
        result = minerva(*words)
        assert result.exit_code == 0, result.stderr
        return result.stdout + result.stderr

    return asked


@pytest.fixture
def begun(container, ask):
    """Returns what starts a tuning and runs some of its trials; the job's id."""

    def started(*ended):
        job = json.loads(ask("tune", "rent", "--trials", "4", "--no-wait", "--json"))["job"]
        leases, trials = container.stores.leases, container.stores.trials
        lease = Lease("token", "tests", NOW + timedelta(days=1))
        leases.claim(job["id"], lease, NOW - timedelta(seconds=30))
        for number, one in enumerate(ended):
            trials.begin(NewTrial("default", job["id"], number, "p", {"max_depth": number}, NOW))
            if one is not None:
                trials.end("default", job["id"], number, one, NOW)
        return job["id"]

    return started


def complete(value):
    """A trial that was measured."""
    return Ended(TrialState.COMPLETE, value, {"rmse": value}, {})


@pytest.fixture
def proposed(container, begun):
    """A proposal for `rent`, with its trials."""
    job_id = begun(
        complete(2.5), complete(1.25), Ended(TrialState.PRUNED, steps={"20": 3.0}),
        Ended(TrialState.FAILED, error="Algorithm xgboost.regressor failed."),
    )  # fmt: skip
    return container.stores.proposals.propose(
        NewProposal("default", "rent", job_id, 1, {"max_depth": 5}, EVIDENCE, "ann", NOW)
    )


def test_a_tuning_is_started_by_the_name_of_its_service(ask, container):
    shown = ask("tune", "rent", "--trials", "4", "--parallel", "2", "--no-wait")

    (job,) = container.jobs.list("default")
    assert f"Job {job.id} is queued: minerva tune show rent" in shown
    assert (job.kind, job.payload) == ("tune", {"trials": 4, "parallel": 2})


def test_the_same_idempotency_key_leads_to_the_same_job(ask, container):
    for _ in range(2):
        ask("tune", "start", "rent", "--no-wait", "--idempotency-key", "nightly")

    assert len(container.jobs.list("default")) == 1


def test_nothing_proposed_says_what_to_do(ask):
    assert "Nothing was proposed for rent yet: minerva tune rent" in ask("tune", "show", "rent")


def test_proposals_are_listed(ask, proposed):
    shown = ask("tune", "show", "rent")

    assert "open" in shown
    assert "max_depth 5" in shown
    assert json.loads(ask("tune", "show", "rent", "--json")) == {"proposals": [proposed.to_json()]}


def test_a_proposal_is_shown_with_its_evidence_and_trials(ask, proposed):
    shown = ask("tune", "show", "rent", "1")

    assert "4 trials (2 complete, 1 pruned, 1 failed)" in shown
    assert "1.25 instead of 2.5" in shown
    trials = [line.split()[:2] for line in shown.splitlines() if "max_depth " in line][1:]
    assert trials == [["1", "complete"], ["present", "complete"], ["2", "pruned"], ["3", "failed"]]


def test_an_accepted_proposal_says_what_was_made_and_where_the_parameters_are(ask, proposed):
    shown = ask("tune", "accept", "rent", "1", "--reason", "deeper")

    assert "Proposal 1 of rent is accepted: revision 2; job " in shown
    service = ask("services", "show", "rent")
    assert "The parameters come from proposal 1" in service
    assert "parameters: {max_depth: 5}" in service
    assert "deeper" in ask("tune", "show", "rent")


def test_a_rejected_proposal_changes_nothing(ask, proposed, container):
    assert "nothing changes" in ask("tune", "reject", "rent", "1", "--reason", "no")

    assert container.registry.configuration("default", "rent").revision == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("accept", "rent", "7"), 1, "Service 'rent' has no proposal 7."),
        (("accept", "rent", "first"), 2, "not a valid integer"),
        (("other", "--no-wait"), 1, "There is no service 'other'."),
        (("rent", "--trials", "0"), 2, "0 is not in the range"),
    ],
)
def test_misuse_is_told(minerva, container, words, code, said):
    result = minerva("tune", *words)

    assert result.exit_code == code
    assert said in result.stderr


def test_parameters_are_written_as_a_line_of_a_service_file():
    line = parameters_line({"max_depth": 5, "learning_rate": 1e-05, "kind": "yes"})

    assert line == "parameters: {max_depth: 5, learning_rate: 1.0e-05, kind: 'yes'}"
