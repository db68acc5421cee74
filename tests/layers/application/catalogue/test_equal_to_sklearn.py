"""What numpy answers is what scikit-learn would have answered."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVR

from minerva import TrainingContext
from minerva.layers.application.catalogue.bayes import BayesClassifier
from minerva.layers.application.catalogue.forest import ForestClassifier, ForestRegressor
from minerva.layers.application.catalogue.linear import LinearClassifier, LinearRegressor
from minerva.layers.application.catalogue.neighbours import (
    NeighboursClassifier,
    NeighboursRegressor,
)
from minerva.layers.application.catalogue.network import NetworkClassifier, NetworkRegressor
from minerva.layers.application.catalogue.svm import SvmRegressor
from minerva.schema import Schema

SCHEMA = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}})
SEED, ROWS, WIDTH = 3, 300, 5


def rows(seed, count=ROWS):
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32).astype(float)


def numbers(x):
    return x[:, 0] * 3 + np.sin(x[:, 1] * 2) + x[:, 2] ** 2


def classes(x):
    return np.digitize(numbers(x), [-1, 2])


def learnt(algorithm, truth, **parameters):
    """Return what a function of rows says after learning."""
    context = TrainingContext(
        schema=SCHEMA,
        parameters=algorithm.Parameters(**parameters),
        workspace=Path(),
        seed=SEED,
    )
    kept = algorithm.fit(rows(0), truth(rows(0)), context)
    kept = {**kept, "classes": np.unique(truth(rows(0)))}
    return lambda asked: algorithm.answer(kept, asked)


def theirs(estimator, truth):
    estimator.fit(rows(0), truth(rows(0)))
    return getattr(estimator, "predict_proba", estimator.predict)


FOREST = {"max_depth": 16, "min_samples_leaf": 3, "max_features": 0.4, "random_state": SEED}
NETWORK = {"hidden_layer_sizes": (64, 32), "learning_rate_init": 0.003, "max_iter": 300}
NETWORK |= {"early_stopping": True, "random_state": SEED}
NEAR = {"n_neighbors": 15, "weights": "distance"}
PAIRS = [
    (LinearRegressor(), Ridge(solver="svd"), numbers),
    (LinearClassifier(), LogisticRegression(max_iter=1000), classes),
    (LinearClassifier(), LogisticRegression(max_iter=1000), lambda x: numbers(x) > 1),
    (ForestRegressor(), RandomForestRegressor(200, **FOREST), numbers),
    (ForestClassifier(), RandomForestClassifier(200, **FOREST), classes),
    (NeighboursRegressor(), KNeighborsRegressor(**NEAR), numbers),
    (NeighboursClassifier(), KNeighborsClassifier(**NEAR), classes),
    (NetworkClassifier(), MLPClassifier(**NETWORK), classes),
    (NetworkClassifier(), MLPClassifier(**NETWORK), lambda x: numbers(x) > 1),
    (BayesClassifier(), GaussianNB(var_smoothing=1e-6), classes),
]


@pytest.mark.parametrize(
    ("ours", "estimator", "truth"), PAIRS, ids=lambda one: getattr(one, "name", "")
)
def test_the_answers_are_theirs(ours, estimator, truth):
    asked = rows(1)

    told = learnt(ours, truth)(asked)

    assert told == pytest.approx(theirs(estimator, truth)(asked), abs=1e-9)


@pytest.mark.parametrize(
    ("ours", "estimator"),
    [
        (NetworkRegressor(), MLPRegressor(**NETWORK)),
        (SvmRegressor(), SVR(gamma="scale")),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_where_the_truth_is_scaled_meanwhile_they_are_theirs_scaled_back(ours, estimator):
    truth, asked = numbers(rows(0)), rows(1)
    mean, spread = truth.mean(), truth.std()

    told = learnt(ours, numbers)(asked)

    expected = theirs(estimator, lambda x: (numbers(x) - mean) / spread)(asked) * spread + mean
    assert told == pytest.approx(expected, abs=1e-9)


def test_flags_are_judged_as_theirs_are():
    flags = (rows(0) > 0).astype(float)
    context = TrainingContext(
        schema=SCHEMA, parameters=BayesClassifier.Parameters(), workspace=Path()
    )
    kept = BayesClassifier().fit(flags, classes(rows(0)), context)

    told = BayesClassifier().answer(kept, flags)

    expected = BernoulliNB().fit(flags, classes(rows(0))).predict_proba(flags)
    assert told == pytest.approx(expected, abs=1e-9)
