"""Which parameters come next, and which trials end early: Optuna over stored trials."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.tuning.space import Choice, Range, inside
from minerva.layers.abstraction.tuning.study import PATIENCE, WARM_UP, Pruning, suggest
from minerva.layers.abstraction.tuning.trial import Trial, TrialState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SPACE = {
    "depth": Range(1, 12, whole=True),
    "rate": Range(0.001, 1.0, whole=False, log=True),
    "kind": Choice(("a", "b", None)),
}
SMALL = {"depth": Range(1, 3, whole=True), "kind": Choice((True, False))}


def a_trial(number, parameters, value=None, state=TrialState.COMPLETE, steps=None):
    """A stored trial."""
    return Trial("t", "s", number, "j", parameters, NOW, state, 1, value, None, steps, None, None)


def loss(parameters):
    """Least where depth is 6 and rate 0.1."""
    return abs(parameters["depth"] - 6) / 6 + abs(parameters["rate"] - 0.1)


def studied(count, metric="rmse", seed=0, sign=1, *, running=False):
    """Trials that were suggested and told one after another."""
    trials = []
    for number in range(count):
        parameters = suggest(SPACE, metric, trials, number, seed)
        state = TrialState.RUNNING if running else TrialState.COMPLETE
        value = None if running else sign * loss(parameters)
        trials.append(a_trial(number, parameters, value, state))
    return trials


def test_the_same_seed_and_trials_suggest_the_same():
    assert studied(25) == studied(25)
    assert studied(3) != studied(3, seed=1)


def test_suggestions_are_inside_the_space_and_differ():
    found = [trial.parameters for trial in studied(25)]

    assert all(inside(SPACE, parameters) for parameters in found)
    assert len({repr(parameters) for parameters in found}) == 25


@pytest.mark.parametrize(("metric", "sign"), [("rmse", 1), ("roc_auc", -1)])
def test_later_suggestions_are_better_than_those_by_chance(metric, sign):
    found = [loss(trial.parameters) for trial in studied(40, metric, sign=sign)]

    assert sum(found[-10:]) < 0.7 * sum(found[:10])


def test_trials_that_run_are_not_tried_a_second_time():
    done = studied(15)

    first = suggest(SPACE, "rmse", done, 15, 0)
    second = suggest(SPACE, "rmse", [*done, a_trial(15, first, state=TrialState.RUNNING)], 16, 0)

    assert first != second
    assert len({repr(trial.parameters) for trial in studied(12, running=True)}) == 12


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=5, deadline=None)
def test_a_small_space_is_tried_whole_and_then_nothing_is_left(seed):
    trials = []
    while (parameters := suggest(SMALL, "rmse", trials, len(trials), seed)) is not None:
        trials.append(a_trial(len(trials), parameters, 1.0))

    assert len(trials) == 6
    assert len({repr(trial.parameters) for trial in trials}) == 6


def test_present_parameters_outside_the_space_do_not_hinder():
    outside = a_trial(0, {"depth": 99, "rate": 5.0, "kind": "c"}, 9.0)

    assert inside(SPACE, suggest(SPACE, "rmse", [outside], 1, 0))


def test_failed_and_pruned_trials_are_no_obstacle():
    trials = studied(12)
    trials.append(a_trial(12, {**trials[0].parameters, "depth": 1}, None, TrialState.FAILED))
    trials.append(
        a_trial(13, {**trials[0].parameters, "depth": 2}, None, TrialState.PRUNED, {"20": 3.0})
    )

    assert inside(SPACE, suggest(SPACE, "rmse", trials, 14, 0))


def peers(count):
    """Complete trials whose losses fall from 1 to 0.5."""
    steps = {str(step): 1 - step / 200 for step in range(1, 101)}
    return [a_trial(number, {}, 0.5, steps=steps) for number in range(count)]


def test_a_trial_worse_than_the_median_is_hopeless_after_the_warm_up():
    pruning = Pruning(peers(PATIENCE))
    bad = dict.fromkeys(range(1, WARM_UP), 3.0)

    assert not pruning.hopeless(bad)
    assert pruning.hopeless({**bad, WARM_UP: 3.0})
    assert not pruning.hopeless({**bad, WARM_UP: 0.1})


def test_nothing_is_hopeless_before_some_trials_are_complete():
    assert not Pruning(peers(PATIENCE - 1)).hopeless({50: 99.0})
    assert not Pruning([]).hopeless({50: 99.0})
