"""`linear.regressor` and `linear.classifier`: a weight for each field, added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Batch, Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    Supervised,
    SupervisedModel,
    sigmoid_pair,
    sklearn,
    softmax,
)
from minerva.layers.application.reasons import in_units

SEARCH_SPACE = {"penalty": {"low": 0.001, "high": 1000.0, "log": True}}


class RegressorParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `linear.regressor`."""

    penalty: Annotated[
        float, Meta(ge=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 1.0


class ClassifierParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `linear.classifier`."""

    penalty: Annotated[
        float, Meta(gt=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 1.0
    max_rounds: Annotated[int, Meta(ge=1, le=100_000, description="Most rounds of improving")] = (
        1000
    )


class LinearModel(SupervisedModel):
    """Weights, which say by themselves why."""

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Return Shapley values of shape (n, features): each weight times the way from the mean row.

        Lundberg, Lee, A unified approach to interpreting model predictions, 2017, corollary 1. In the
        output's unit: the number itself, the probability of true, or that of each row's most likely
        class, to which `reasons` brings what fields add to its score.
        """
        rows, centre = self.features.matrix(batch), self.learnt["centre"]
        weights = np.atleast_2d(self.learnt["weights"].T)
        each = [self.features.by_field((rows - centre) * one, batch.schema) for one in weights]
        usual = np.tile(centre @ weights.T + self.learnt["start"], (len(batch), 1))
        return in_units(batch.schema.target()[1], usual, np.stack(each, axis=1))


class LinearRegressor(Supervised):
    """A number as a weighted sum of the fields (ridge regression)."""

    name = "linear.regressor"
    example = "examples/catalogue/services/diabetes-linear.yaml"
    instead = "linear.classifier"
    problem = REGRESSION
    Parameters = RegressorParameters
    model = LinearModel
    search_space = SEARCH_SPACE

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Solve for the weights."""
        ridge = sklearn("linear_model").Ridge(alpha=context.parameters.penalty, solver="svd")
        ridge.fit(rows, truth)
        start = np.array([ridge.intercept_])
        return {"weights": ridge.coef_, "start": start, "centre": rows.mean(axis=0)}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Add up."""
        return np.asarray(rows @ learnt["weights"] + learnt["start"], np.float64)


class LinearClassifier(Supervised):
    """Which class, from a weighted sum of the fields (logistic regression)."""

    name = "linear.classifier"
    example = "examples/catalogue/services/iris-linear.yaml"
    instead = "linear.regressor"
    problem = CLASSIFICATION
    Parameters = ClassifierParameters
    model = LinearModel
    search_space = SEARCH_SPACE

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Find the weights that make the truth most likely."""
        wanted: ClassifierParameters = context.parameters
        logistic = sklearn("linear_model").LogisticRegression(
            C=1 / wanted.penalty, max_iter=wanted.max_rounds
        )
        logistic.fit(rows, truth)
        start = logistic.intercept_
        return {"weights": logistic.coef_.T, "start": start, "centre": rows.mean(axis=0)}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Turn each class's sum into its chance."""
        scores = rows @ learnt["weights"] + learnt["start"]
        return sigmoid_pair(scores[:, 0]) if scores.shape[1] == 1 else softmax(scores)
