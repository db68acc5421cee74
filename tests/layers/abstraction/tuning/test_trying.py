"""Trials of one study, run by one job or several."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tiny import silent

from minerva.errors import Unavailable
from minerva.layers.abstraction.tuning.study import PATIENCE
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, TrialState
from minerva.layers.abstraction.tuning.trying import LOOK_EVERY

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def trials(container):
    """Returns the study's trials."""
    return lambda: container.stores.trials.list("default", "study")


def test_the_present_parameters_are_measured_first_and_others_after_them(trying, trials):
    ended = trying(trials=12).run(silent)

    found = trials()
    assert ended == 13
    assert [trial.number for trial in found] == list(range(13))
    assert found[0].parameters == {"shift": 5.0}
    assert found[0].value == pytest.approx(5.0)
    assert {trial.state for trial in found} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert min(trial.value for trial in found if trial.value is not None) < 2
    assert all(
        trial.value == pytest.approx(abs(trial.parameters["shift"]))
        for trial in found
        if trial.value is not None
    )


def test_the_same_seed_gives_the_same_study(trying, trials, container):
    trying(trials=14).run(silent)
    first = [(one.parameters, one.state, one.value) for one in trials()]

    again = trying(job_id="again", trials=14)
    object.__setattr__(again.study, "id", "another")
    again.run(silent)

    second = container.stores.trials.list("default", "another")
    assert [(one.parameters, one.state, one.value) for one in second] == first


def test_hopeless_trials_are_pruned_whatever_the_algorithm_catches(trying, trials):
    trying(trials=14).run(silent)

    pruned = [trial for trial in trials() if trial.state is TrialState.PRUNED]
    assert pruned
    assert all(trial.value is None and "20" in trial.steps for trial in pruned)
    assert all(len(trial.steps) < 100 for trial in pruned)


def test_a_trial_is_ended_by_others_that_became_complete_while_it_ran(trying, trials, container):
    store = container.stores.trials
    steps = {str(step): 0.001 for step in range(1, 101)}

    def others(fraction, message=""):
        if message.startswith("trial 1 ") and fraction > 0.75 and len(trials()) == 2:
            for number in range(2, 2 + PATIENCE):
                peer = NewTrial("default", "study", number, "other", {"shift": 0.001}, NOW)
                assert store.begin(peer)
                store.end(
                    "default", "study", number, Ended(TrialState.COMPLETE, 0.001, {}, steps), NOW
                )

    trying(trials=1).run(others)

    late = trials()[1]
    assert (late.state, late.value) == (TrialState.PRUNED, None)
    assert 50 < len(late.steps) <= 50 + LOOK_EVERY + 1


def test_without_pruning_every_trial_is_complete(trying, trials):
    trying(trials=14, tuning={"pruning": False}).run(silent)

    assert {trial.state for trial in trials()} == {TrialState.COMPLETE}


def test_jobs_that_share_a_study_share_its_trials(trying, trials):
    jobs = [trying(job_id=f"part-{index}", trials=20) for index in range(4)]

    with ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(lambda job: job.run(silent), jobs))

    found = trials()
    assert sum(ended) == len(found) == 21
    assert [trial.number for trial in found] == list(range(21))
    assert len({trial.parameters["shift"] for trial in found}) == 21
    assert all(trial.state is not TrialState.RUNNING and trial.tries == 1 for trial in found)


def test_a_trial_that_its_job_was_killed_in_is_tried_again(trying, trials, container):
    container.stores.trials.begin(NewTrial("default", "study", 0, "part", {"shift": 3.5}, NOW))

    trying(trials=2).run(silent)

    first = trials()[0]
    assert (first.state, first.tries, first.value) == (TrialState.COMPLETE, 2, pytest.approx(3.5))
    assert len(trials()) == 3


def test_a_trial_that_ends_its_process_again_is_given_up(trying, trials, container):
    container.stores.trials.begin(NewTrial("default", "study", 0, "part", {"shift": 3.5}, NOW))
    container.stores.trials.begin_again("default", "study", 0, NOW)

    trying(trials=2).run(silent)

    first = trials()[0]
    assert (first.state, first.error) == (TrialState.FAILED, "Its process ended 2 times.")
    assert [trial.state for trial in trials()[1:]] == [TrialState.COMPLETE] * 2


def test_a_trial_of_another_job_is_left_to_it(trying, trials, container):
    container.stores.trials.begin(NewTrial("default", "study", 0, "other", {"shift": 3.5}, NOW))

    trying(trials=2).run(silent)

    assert (trials()[0].state, trials()[0].tries) == (TrialState.RUNNING, 1)
    assert len(trials()) == 3


def test_a_failed_trial_keeps_its_reason_and_the_others_go_on(trying, trials):
    trying(trials=8, fails_above=0.0, tuning={"pruning": False}).run(silent)

    failed = [trial for trial in trials() if trial.state is TrialState.FAILED]
    assert {trial.number for trial in failed} > {0}
    assert all("failed in training (RuntimeError)" in trial.error for trial in failed)
    assert any(trial.state is TrialState.COMPLETE for trial in trials())


def test_what_may_pass_is_left_to_the_next_attempt_of_the_job(trying, trials):
    with pytest.raises(Unavailable):
        trying(trials=4, away_above=4.0).run(silent)

    assert [trial.state for trial in trials()] == [TrialState.RUNNING]
    trying(trials=0).run(silent)
    assert [(trial.state, trial.tries) for trial in trials()] == [(TrialState.COMPLETE, 2)]


def test_after_the_time_only_the_present_parameters_are_measured(trying, trials):
    trying(trials=4, until=datetime.now(UTC) - timedelta(seconds=1)).run(silent)

    assert [trial.number for trial in trials()] == [0]


def test_a_space_that_is_tried_whole_ends_the_study(trying, trials):
    space = {"space": {"shift": {"values": [1.0, 2.0, 3.0]}}}

    trying(trials=30, tuning=space).run(silent)

    assert sorted(trial.parameters["shift"] for trial in trials()) == [1.0, 2.0, 3.0, 5.0]


def test_folds_give_the_mean_of_all_rows(trying, trials):
    trying(trials=3, tuning={"folds": 4, "pruning": False}).run(silent)

    assert all(trial.value == pytest.approx(abs(trial.parameters["shift"])) for trial in trials())
    assert max(map(int, trials()[0].steps)) == 100


def test_progress_tells_which_trial_and_the_best_so_far(trying):
    told = []

    trying(trials=1).run(lambda fraction, message="": told.append((fraction, message)))

    assert told == sorted(told, key=lambda one: one[0])
    assert told[0] == (pytest.approx(0.005), "the present parameters, 1 trials to come: stepping")
    assert told[-1] == (1.0, "trial 1 of 1, best rmse 5.0000: stepping")


def test_after_each_trial_it_is_told_how_far_the_study_is(trying):
    told = []

    replace(trying(trials=3, tuning={"pruning": False}), tell=told.append).run(silent)

    assert [one.share for one in told] == [0.25, 0.5, 0.75, 1.0]
    assert told[0].message == "0 of 3 trials, 0 pruned, rmse 5 instead of 5"
    assert told[3].message.startswith("3 of 3 trials, 0 pruned, rmse ")
    assert [one.seconds_left is not None for one in told] == [True] * 4
    assert told[3].seconds_left == 0
