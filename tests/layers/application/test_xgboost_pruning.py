"""Boosted trees tell their losses, so that a tuning can end hopeless ones; and what may be tuned."""

from dataclasses import replace

import pytest

from minerva.algorithm import TrialPruned
from minerva.layers.abstraction.problems.problem import problem_of
from minerva.layers.abstraction.services.declaration import TuningDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.tuning.space import check_tuning, present, space_of

from .xgboost_cases import KINDS, QUICK, algorithm, data, declared


@pytest.fixture
def train(bench):
    """Trains on made data, with somebody who hears the losses."""

    def training(kind, report, **parameters):
        trees = bench(algorithm(kind), declared(kind), **parameters)
        return trees.algorithm.train(data(kind), replace(trees.context(), report=report))

    return training


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_told_in_percent_of_the_rounds_and_fall(train, kind):
    told = []

    train(kind, lambda step, loss: told.append((step, loss)), **QUICK)

    steps, losses = zip(*told, strict=True)
    assert list(steps) == sorted(set(steps))
    assert 1 <= steps[0] <= 3
    assert steps[-1] <= 100
    assert losses[-1] < losses[0]


def test_a_pruned_training_ends_at_once(train):
    told = []

    def prune(step, loss):
        told.append(step)
        if step >= 50:
            raise TrialPruned

    with pytest.raises(TrialPruned):
        train("binary", prune, **QUICK)
    assert told[-1] == 50


def test_without_rows_to_judge_by_there_are_no_losses(train):
    told = []

    train("binary", lambda step, loss: told.append(step), **QUICK, early_stopping_rounds=0)

    assert told == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_own_search_space_fits_the_parameters(kind):
    trees = algorithm(kind)
    declaration = parse(
        {"service": "a", "algorithm": trees.name, "schema": declared(kind), "tuning": {}}
    )
    assert declaration.tuning == TuningDeclaration()

    check_tuning(trees, declaration, problem_of(trees, declaration))

    space = space_of(trees, declaration)
    assert set(space) >= {"max_depth", "learning_rate"}
    assert space["max_depth"].whole
    assert not space["reg_lambda"].whole
    assert present(trees, {}, space)["max_depth"] == 4
