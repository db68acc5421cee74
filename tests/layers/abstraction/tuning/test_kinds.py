"""A tuning as a job: its parts, its proposal, and what happens to those that cannot be done."""

import subprocess
import sys
from dataclasses import replace

import pytest

from minerva.errors import Conflict, InvalidInput, NotFound
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.tuning.proposal import ProposalState

ANN = Asked(tenant="default", service="value", author="ann")
SMALL = {"trials": 12, "pruning": False}


@pytest.fixture
def tuning(container):
    """Trials and proposals as callers meet them."""
    return container.offline.tuning


def test_a_tuning_proposes_what_is_better_with_its_evidence(tune, tuning, container):
    job = tune(SMALL)

    assert job.state is JobState.SUCCEEDED, job.error
    (proposal,) = tuning.proposals.list("default", "value")
    found = job.result
    assert found["proposal"] == proposal.number == 1
    assert (proposal.state, proposal.author, proposal.job_id) == (ProposalState.OPEN, "ann", job.id)
    assert list(proposal.parameters) == ["shift"]
    assert abs(proposal.parameters["shift"]) < 5
    assert found["metric"] == "rmse"
    assert found["baseline"] == pytest.approx(5.0)
    assert found["best"] == pytest.approx(abs(proposal.parameters["shift"]))
    assert found["confirmed_best"] == pytest.approx(found["best"])
    assert found["confirmed_baseline"] == pytest.approx(5.0)
    assert found["confirmed_rows"] == 10
    assert (found["trials"], found["complete"], found["failed"]) == (12, 12, 0)
    assert container.registry.configuration("default", "value").revision == 1


def test_trials_register_nothing(tune, container):
    tune(SMALL)

    assert container.registry.versions("default", "value") == []


def test_parts_share_the_trials(tune, container, tuning):
    job = tune({**SMALL, "parallel": 3})

    parts = container.stores.jobs.parts("default", job.id)
    assert [part.kind for part in parts] == ["tune.trial"] * 3
    assert sum(part.result["trials"] for part in parts) == 13
    study = tuning.tunings.study("default", job.id)
    assert (study.metric, study.planned, len(study.trials)) == ("rmse", 12, 13)
    assert container.jobs.list("default") == [job]


def test_a_caller_may_wish_for_less(tune, tuning):
    job = tune(SMALL, {"trials": 2, "timeout_s": 600, "parallel": 9})

    study = tuning.tunings.study("default", job.id)
    assert (study.planned, len(study.trials)) == (2, 3)


def test_parameters_that_cannot_be_bettered_stand(tune, tuning):
    job = tune(SMALL, shift=0.0)

    assert job.state is JobState.SUCCEEDED
    assert job.result["proposal"] is None
    assert job.result["verdict"] == "The present parameters stand: no trial was better."
    assert tuning.proposals.list("default", "value") == []


def test_acceptance_makes_a_revision_that_is_trained(tune, tuning, container, work_off):
    tune(SMALL)

    accepted = tuning.proposals.accept("default", "value", 1, author="bob", reason="nearer")
    work_off()

    assert accepted.proposal.revision == 2
    newest = container.registry.configuration("default", "value")
    assert (newest.revision, newest.author, newest.derived) == (2, "bob", True)
    assert tuning.proposals.origin(newest) == accepted.proposal
    training = container.jobs.get("default", accepted.job_id)
    assert (training.state, training.author) == (JobState.SUCCEEDED, "bob")
    (version,) = container.registry.versions("default", "value")
    shift = accepted.proposal.parameters["shift"]
    assert version.manifest["parameters"] == {"shift": shift}
    assert version.metrics["rmse"] == pytest.approx(abs(shift))


def test_to_accept_again_changes_nothing(tune, tuning, container):
    tune(SMALL)

    first = tuning.proposals.accept("default", "value", 1, author="bob", reason="nearer")
    again = tuning.proposals.accept("default", "value", 1, author="eve")

    assert again == first
    assert container.registry.configuration("default", "value").revision == 2


def test_acceptance_need_not_train(tune, tuning, container):
    tune({**SMALL, "train": False})

    accepted = tuning.proposals.accept("default", "value", 1, author="bob")

    assert accepted.job_id is None
    assert [job.kind for job in container.jobs.list("default")] == ["tune"]


def test_a_rejected_proposal_changes_nothing(tune, tuning, container):
    tune(SMALL)

    tuning.proposals.reject("default", "value", 1, author="bob", reason="too near")

    assert container.registry.configuration("default", "value").revision == 1
    with pytest.raises(Conflict, match="is rejected already"):
        tuning.proposals.accept("default", "value", 1, author="bob")


def test_what_was_tuned_and_is_no_more_cannot_be_accepted(tune, tuning, container, stepping):
    tune(SMALL)
    container.registry.declare("default", parse(stepping(SMALL, shift=4.0)), "file")

    with pytest.raises(Conflict, match="was changed since it was tuned"):
        tuning.proposals.accept("default", "value", 1, author="bob")


def test_what_has_nothing_to_do_with_parameters_may_change_meanwhile(
    tune, tuning, container, stepping
):
    tune(SMALL)
    described = {**stepping(SMALL), "description": "Twice x."}
    container.registry.declare("default", parse(described), "file")

    accepted = tuning.proposals.accept("default", "value", 1, author="bob")

    newest = container.registry.configuration("default", "value")
    assert (accepted.proposal.revision, newest.declaration["description"]) == (3, "Twice x.")


def test_the_gate_accepts_what_is_better_by_the_margin(tune, tuning, container, work_off):
    job = tune({**SMALL, "accept": "gate", "margin": 0.5})

    assert (job.result["state"], job.result["revision"]) == ("accepted", 2)
    (proposal,) = tuning.proposals.list("default", "value")
    assert proposal.decided_by == "gate"
    assert "on rows that no trial saw" in proposal.reason
    work_off()
    (version,) = container.registry.versions("default", "value")
    assert version.configuration_revision == 2


def test_the_gate_leaves_the_rest_to_a_person(tune, tuning, container):
    job = tune({**SMALL, "accept": "gate", "margin": 6.0})

    assert (job.result["state"], job.result["revision"]) == ("open", None)
    assert "not better by more than 6" in job.result["verdict"]
    assert container.registry.configuration("default", "value").revision == 1


def test_a_tuning_whose_trials_all_fail_fails_with_their_reasons(tune):
    job = tune(SMALL, fails_above=-100.0)

    assert (job.state, job.error["code"]) == (JobState.FAILED, "algorithm_failed")
    assert job.error["message"] == "None of the 13 trials could be measured."
    assert job.error["faults"][0]["where"] == "present parameters"
    assert "failed in training (RuntimeError)" in job.error["faults"][1]["message"]


def test_present_parameters_that_fail_leave_the_decision_to_a_person(tune, tuning):
    job = tune({**SMALL, "accept": "gate"}, fails_above=4.0)

    assert job.result["baseline"] is None
    assert job.result["state"] == "open"
    assert "could not be measured: a person decides" in job.result["verdict"]


def test_data_that_cannot_be_read_is_told_as_what_it_is(tune, workspace):
    (workspace / "data.csv").write_text("id,x,y\nc-1,wrong,1\n")

    job = tune(SMALL)

    assert (job.state, job.error["code"]) == (JobState.FAILED, "invalid_data")
    assert job.error["faults"]


def test_parts_that_are_ended_too_often_are_planned_anew(tune, tuning, container):
    job = tune({"trials": 8, "pruning": False}, away_above=4.0)

    assert job.state is JobState.SUCCEEDED, job.error
    parts = container.stores.jobs.parts("default", job.id)
    assert {part.state for part in parts} == {JobState.DEAD, JobState.SUCCEEDED}
    found = tuning.tunings.study("default", job.id).trials
    assert [trial.number for trial in found] == list(range(9))
    failed = [trial for trial in found if trial.parameters["shift"] > 4]
    assert failed
    assert all("process ended" in trial.error for trial in failed)
    assert job.result["complete"] == 9 - len(failed)
    assert job.result["failed"] == len(failed) - 1


def test_a_tuning_that_is_done_again_after_a_crash_proposes_once(tune, tuning, container, tmp_path):
    from minerva.layers.abstraction.jobs.kind import Attempt

    job = tune({**SMALL, "accept": "gate"})

    again = container.kinds()["tune"].work(
        job, Attempt(lambda fraction, message="": None, tmp_path, 2)
    )

    assert again == job.result
    assert len(tuning.proposals.list("default", "value")) == 1
    assert container.registry.configuration("default", "value").revision == 2
    assert len([one for one in container.jobs.list("default") if one.kind == "train"]) == 1


def test_without_optuna_it_is_said_at_once_what_to_install(container, declared_value):
    kind = replace(container.kinds()["tune"], look_up=lambda name: None)

    with pytest.raises(Conflict, match=r"pip install 'minerva-sidecar\[tune\]'"):
        kind.check(declared_value(), {})


@pytest.fixture
def declared_value(container, stepping):
    """Returns what declares the service; `parts` replace members, None leaves one out."""

    def declared(**parts):
        plain = {**stepping(), **parts}
        present = {name: part for name, part in plain.items() if part is not None}
        return container.registry.declare("default", parse(present), "file")

    return declared


def test_a_service_without_a_space_is_refused_at_once(container, declared_value):
    declared_value(tuning=None)

    with pytest.raises(Conflict, match="names no parameters to tune"):
        container.jobs.submit("tune", ANN)
    assert container.jobs.list("default") == []


def test_a_service_without_data_is_refused_at_once(container, declared_value):
    declared_value(data=None)

    with pytest.raises(Conflict, match="declares no data to compare"):
        container.jobs.submit("tune", ANN)


def test_a_service_that_trains_on_a_cluster_is_refused_at_once(container, declared_value):
    declared_value(training={"engine": "dask://127.0.0.1:1"})

    with pytest.raises(Conflict, match="trials run on one machine"):
        container.jobs.submit("tune", ANN)


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        ({"trials": 0}, "/trials"),
        ({"trials": "many"}, "/trials"),
        ({"timeout_s": -1}, "/timeout_s"),
        ({"parallel": 1000}, "/parallel"),
        ({"trails": 3}, ""),
    ],
)
def test_wishes_out_of_range_are_refused_at_once(container, declared_value, payload, where):
    declared_value()

    with pytest.raises(InvalidInput, match="takes trials, timeout_s and parallel") as caught:
        container.jobs.submit("tune", ANN, payload)
    assert [fault.where for fault in caught.value.faults] == [where]


def test_nobody_asks_for_a_trial_alone(container, declared_value):
    declared_value()

    with pytest.raises(InvalidInput, match="is part of a tuning: ask for kind tune"):
        container.jobs.submit("tune.trial", ANN, {})


def test_a_job_of_another_kind_has_no_trials(container, declared_value, tuning):
    declared_value()
    job, _ = container.jobs.submit("train", ANN)

    with pytest.raises(NotFound, match="is no tuning"):
        tuning.tunings.study("default", job.id)


def test_a_trial_that_a_cancelled_tuning_left_runs_no_more(container, declared_value, tuning):
    from datetime import UTC, datetime

    from minerva.layers.abstraction.tuning.trial import NewTrial, TrialState

    declared_value()
    job, _ = container.jobs.submit("tune", ANN)
    now = datetime.now(UTC)
    container.stores.trials.begin(NewTrial("default", job.id, 0, "part", {"shift": 1.0}, now))

    container.jobs.cancel("default", job.id)

    (trial,) = tuning.tunings.study("default", job.id).trials
    assert (trial.state, trial.error) == (TrialState.FAILED, "The tuning ended before it did.")


def test_optuna_is_imported_where_trials_are_run_and_nowhere_else():
    script = (
        "import sys, minerva.wsgi, minerva.worker, minerva.job_process, minerva.cli.program;"
        "import minerva.layers.abstraction.tuning.kinds; print('optuna' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
