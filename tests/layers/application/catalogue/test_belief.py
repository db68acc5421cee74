"""A deep belief network begins with what its machines have seen, and answers as scikit-learn's network would."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

from minerva import TrainingContext
from minerva.layers.application.catalogue.belief import (
    BeliefClassifier,
    BeliefParameters,
    BeliefRegressor,
    machines,
    squeezed,
)
from minerva.schema import Schema

SCHEMA = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}})
DIGITS = load_digits()
SEEN = DIGITS.data / 16


def context_of(**parameters):
    return TrainingContext(SCHEMA, BeliefParameters(**parameters), Path(), seed=3)


def test_each_machine_learns_what_the_one_below_says():
    context = context_of(layers=(20, 10), passes=2)
    (first, start), (second, _) = machines(SEEN[:300], context.parameters, context)

    lowest = BernoulliRBM(20, learning_rate=0.05, n_iter=2, random_state=3)
    above = lowest.fit_transform(SEEN[:300])
    assert first == pytest.approx(lowest.components_.T)
    assert start == pytest.approx(lowest.intercept_hidden_)
    highest = BernoulliRBM(10, learning_rate=0.05, n_iter=2, random_state=3).fit(above)
    assert second == pytest.approx(highest.components_.T)


def test_digits_are_told_apart():
    context = context_of(passes=5, max_epochs=100)
    learnt = BeliefClassifier().fit(DIGITS.data[::2], DIGITS.target[::2], context)

    said = BeliefClassifier().answer(learnt, DIGITS.data[1::2])

    assert said.sum(axis=1) == pytest.approx(1.0)
    assert (said.argmax(axis=1) == DIGITS.target[1::2]).mean() > 0.9


def test_fine_tuning_goes_on_from_the_machines():
    context = context_of(layers=(20,), passes=2, max_epochs=1, learning_rate=1e-9)
    learnt = BeliefClassifier().fit(DIGITS.data[:300], DIGITS.target[:300], context)

    ((first, _),) = machines(squeezed(learnt, DIGITS.data[:300]), context.parameters, context)
    assert learnt["weights0"] == pytest.approx(first, abs=1e-5)


def test_a_number_is_told_in_its_own_unit():
    rows = np.random.default_rng(0).uniform(size=(400, 3))
    truth = 1000 + 100 * rows[:, 0]
    learnt = BeliefRegressor().fit(rows, truth, context_of(layers=(16,), passes=2))

    assert np.abs(BeliefRegressor().answer(learnt, rows) - truth).mean() < 15


def test_what_lies_far_outside_is_taken_for_the_border():
    learnt = {
        "low": np.zeros(1),
        "span": np.ones(1),
        "weights0": np.ones((1, 1)),
        "start0": np.zeros(1),
    }

    assert BeliefClassifier().passed(learnt, np.array([[-9.0], [0.5], [1e9]])).ravel().tolist() == [
        0,
        0.5,
        1,
    ]
