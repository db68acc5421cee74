"""`svm.regressor` and `svm.classifier`: support vector machines with a kernel (RBF)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    Supervised,
    sampled,
    sampled_of_each,
    sigmoid_pair,
    sklearn,
)

SEARCH_SPACE = {
    "cost": {"low": 0.1, "high": 100.0, "log": True},
    "width": {"low": 0.1, "high": 10.0, "log": True},
}
FOLDS = 3


class SvmParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    cost: Annotated[
        float, Meta(gt=0, le=1e6, description="What an error costs; less is smoother")
    ] = 1.0
    width: Annotated[
        float,
        Meta(
            gt=0,
            le=1000,
            description="How far a row's influence reaches, 1 for the data's own measure",
        ),
    ] = 1.0
    max_rows: Annotated[
        int,
        Meta(
            ge=20, le=100_000, description="Rows that are learnt from, chosen at random beyond that"
        ),
    ] = 10_000


class SvmRegressor(Supervised):
    """A number from the rows that lie at the edge of what is tolerated."""

    name = "svm.regressor"
    example = "examples/catalogue/services/diabetes-svm.yaml"
    instead = "svm.classifier"
    problem = REGRESSION
    Parameters = SvmParameters
    search_space = SEARCH_SPACE

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn; the truth is brought to mean 0 and deviation 1 meanwhile."""
        kept = sampled(len(rows), context.parameters.max_rows, context.seed)
        rows, truth = rows[kept], truth[kept]
        mean, spread = truth.mean(), truth.std() or 1.0
        reach = _reach(rows, context)
        machine = sklearn("svm").SVR(C=context.parameters.cost, gamma=reach)
        machine.fit(rows, (truth - mean) / spread)
        return {
            "support": machine.support_vectors_,
            "duals": machine.dual_coef_[0] * spread,
            "start": machine.intercept_ * spread + mean,
            "reach": np.array([reach]),
        }

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Add up what the support vectors say."""
        return np.asarray(_likeness(learnt, rows) @ learnt["duals"] + learnt["start"], np.float64)


class SvmClassifier(Supervised):
    """Which class, by the widest margin between it and all others."""

    name = "svm.classifier"
    example = "examples/catalogue/services/digits-svm.yaml"
    instead = "svm.regressor"
    problem = CLASSIFICATION
    Parameters = SvmParameters
    search_space = SEARCH_SPACE

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn each class against the others, and from rows held out what a margin means as a chance.

        Platt's scaling: Platt, Probabilistic outputs for support vector machines, 1999.
        """
        kept = sampled_of_each(truth, context.parameters.max_rows, context.seed)
        rows, truth = rows[kept], truth[kept]
        reach, classes = _reach(rows, context), np.unique(truth)
        told = classes[1:] if len(classes) == 2 else classes  # noqa: PLR2004 - one is the other's opposite
        duals, starts, scales = np.zeros((len(rows), len(told))), [], []
        for at, one in enumerate(told):
            machine = sklearn("svm").SVC(C=context.parameters.cost, gamma=reach)
            machine.fit(rows, truth == one)
            duals[machine.support_, at] = machine.dual_coef_[0]
            starts.append(machine.intercept_[0])
            scales.append(_scale(machine, rows, truth == one))
        used = np.flatnonzero(duals.any(axis=1))
        return {
            "support": rows[used],
            "duals": duals[used],
            "start": np.array(starts),
            "scale": np.array(scales),
            "reach": np.array([reach]),
        }

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Turn each margin into a chance."""
        margins = _likeness(learnt, rows) @ learnt["duals"] + learnt["start"]
        slope, start = learnt["scale"].T
        chances = sigmoid_pair((margins * slope + start).ravel())[:, 1].reshape(margins.shape)
        if margins.shape[1] == 1:
            return np.column_stack([1 - chances[:, 0], chances[:, 0]])
        chances = np.maximum(chances, np.finfo(float).tiny)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True), np.float64)


def _reach(rows: Matrix, context: TrainingContext) -> float:
    """Return gamma: scikit-learn's `scale`, over the square of the width."""
    spread = float(rows.var()) or 1.0
    return float(1 / (rows.shape[1] * spread * context.parameters.width**2))


def _scale(machine: Any, rows: Matrix, positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and start that make a chance of a margin, learnt from rows held out."""
    folds = min(FOLDS, int(positive.sum()), int((~positive).sum()))
    margins = machine.decision_function(rows)
    if folds > 1:
        cross = sklearn("model_selection").cross_val_predict
        margins = cross(machine, rows, positive, cv=folds, method="decision_function")
    logistic = sklearn("linear_model").LogisticRegression().fit(margins[:, np.newaxis], positive)
    return float(logistic.coef_[0, 0]), float(logistic.intercept_[0])


def _likeness(learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
    """Return the kernel of each row and support vector, shape (n, support)."""
    support = learnt["support"]
    squares = (rows**2).sum(axis=1)[:, np.newaxis] + (support**2).sum(axis=1)
    return np.asarray(np.exp(-learnt["reach"] * np.maximum(squares - 2 * rows @ support.T, 0)))
