"""`selftraining.classifier` and `propagation.classifier`: few rows hold the truth, all of them teach."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import InvalidData, Parameters, TrainingContext, TrainingData
from minerva.layers.application.catalogue.features import Features, Matrix
from minerva.layers.application.catalogue.linear import LinearClassifier
from minerva.layers.application.catalogue.nearest import nearest
from minerva.layers.application.catalogue.supervised import (
    Learnt,
    Supervised,
    SupervisedModel,
    few_threads,
    sampled,
    sklearn,
)
from minerva.layers.application.truth import Classes, the_output

SEMI_SUPERVISED = "semi-supervised"
UNKNOWN = -1
"""The class of a row whose truth is missing."""


class SelfTrainingParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `selftraining.classifier`."""

    sure: Annotated[
        float,
        Meta(gt=0.5, lt=1, description="Probability from which an answer is taken for the truth"),
    ] = 0.9
    rounds: Annotated[int, Meta(ge=1, le=1000, description="Most rounds of believing itself")] = 10
    penalty: Annotated[
        float, Meta(gt=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 1.0


class PropagationParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `propagation.classifier`."""

    neighbours: Annotated[
        int, Meta(ge=1, le=1000, description="How many similar rows a row listens to")
    ] = 10
    doubt: Annotated[
        float,
        Meta(gt=0, lt=1, description="How far rows with a truth may be talked out of it"),
    ] = 0.2
    max_rows: Annotated[
        int,
        Meta(ge=20, le=100_000, description="Rows without a truth that are kept, chosen at random"),
    ] = 10_000


class _SemiSupervised(Supervised):
    problem = SEMI_SUPERVISED

    def train(self, data: TrainingData, context: TrainingContext) -> SupervisedModel:
        """Learn from rows of which some have no truth. Raises as `Supervised.train`."""
        the_output(context.schema, self.name, number=False)
        truth = np.asarray(data.target(), np.float64)
        known = np.flatnonzero(np.isfinite(truth) & (truth >= 0))
        if not len(known):
            raise InvalidData("No row of the training data holds the truth.")
        classes = Classes.of(data.take(known))
        labels = np.full(len(data), UNKNOWN)
        labels[known] = classes.labels
        features = Features.fitted(data.inputs)
        rows = features.matrix(data.inputs)
        with few_threads(rows, context):
            learnt = self.fit(rows, labels, context)
        return self.model(self, features, {**learnt, "classes": classes.present}, context)


class SelfTraining(_SemiSupervised):
    """Which class, from a weighted sum of the fields that learns from its own sure answers, too."""

    name = "selftraining.classifier"
    example = "examples/catalogue/services/digits-selftraining.yaml"
    Parameters = SelfTrainingParameters
    search_space = {"sure": {"low": 0.6, "high": 0.99}}  # noqa: RUF012 - nobody changes it

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Find the weights, again and again with more rows."""
        wanted: SelfTrainingParameters = context.parameters
        logistic = sklearn("linear_model").LogisticRegression(C=1 / wanted.penalty, max_iter=1000)
        if (truth == UNKNOWN).any():
            grown = sklearn("semi_supervised").SelfTrainingClassifier(
                logistic, threshold=wanted.sure, max_iter=wanted.rounds
            )
            logistic = grown.fit(rows, truth).estimator_
        else:
            logistic.fit(rows, truth)
        return {"weights": logistic.coef_.T, "start": logistic.intercept_}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Answer as any linear classifier."""
        return LinearClassifier().answer(learnt, rows)


class Propagation(_SemiSupervised):
    """Which class, as the truth spreads from row to similar row (label spreading)."""

    name = "propagation.classifier"
    example = "examples/catalogue/services/digits-propagation.yaml"
    Parameters = PropagationParameters
    search_space = {  # noqa: RUF012 - nobody changes it
        "neighbours": {"low": 3, "high": 50, "log": True},
        "doubt": {"low": 0.01, "high": 0.9},
    }

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Let the truth spread; what a row has heard is kept with it."""
        wanted: PropagationParameters = context.parameters
        unknown = np.flatnonzero(truth == UNKNOWN)
        unknown = unknown[sampled(len(unknown), wanted.max_rows, context.seed)]
        kept = np.sort(np.concatenate([np.flatnonzero(truth != UNKNOWN), unknown]))
        rows, truth = rows[kept], truth[kept]
        asked = min(wanted.neighbours, len(rows))
        spreading = sklearn("semi_supervised").LabelSpreading(
            kernel="knn", n_neighbors=asked, alpha=wanted.doubt, max_iter=200
        )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of rounds that were not enough, rows that heard nothing
            spreading.fit(rows, truth)
        known = np.bincount(truth[truth != UNKNOWN])
        return {
            "rows": rows,
            "heard": np.nan_to_num(spreading.label_distributions_),
            "usual": known / known.sum(),
            "asked": np.array([asked]),
        }

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return what the nearest rows have heard; the usual, if nothing."""
        places, _ = nearest(learnt["rows"], rows, int(learnt["asked"][0]))
        heard = learnt["heard"][places].sum(axis=1)
        total = heard.sum(axis=1, keepdims=True)
        return np.where(total > 0, heard / np.where(total > 0, total, 1), learnt["usual"])
