"""`bayes.classifier`: each field by itself says how likely a class is (naive Bayes)."""

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
    Learnt,
    Supervised,
    sklearn,
    softmax,
)


class BayesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `bayes.classifier`."""

    smoothing: Annotated[
        float,
        Meta(gt=0, le=1000, description="Rows of each value that are taken to have been seen"),
    ] = 1.0
    widening: Annotated[
        float,
        Meta(gt=0, le=1, description="Share of the widest spread that is added to each number's"),
    ] = 1e-6


class BayesClassifier(Supervised):
    """Which class, as if the fields had nothing to do with each other; quick, and good with few rows."""

    name = "bayes.classifier"
    example = "examples/catalogue/services/wine-bayes.yaml"
    problem = CLASSIFICATION
    Parameters = BayesParameters
    search_space = {"smoothing": {"low": 0.01, "high": 10.0, "log": True}}  # noqa: RUF012 - nobody changes it

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn normal distributions of numbers, and how frequent values are."""
        wanted: BayesParameters = context.parameters
        flags = np.asarray(np.isin(rows, (0.0, 1.0)).all(axis=0))
        counts = np.bincount(truth)
        nothing = np.empty((len(counts), 0))
        learnt: Learnt = {"flags": flags, "prior": np.log(counts / len(truth)), "mean": nothing}
        learnt |= {"variance": nothing, "present": nothing, "absent": nothing}
        if not flags.all():
            normal = sklearn("naive_bayes").GaussianNB(var_smoothing=wanted.widening)
            normal.fit(rows[:, ~flags], truth)
            learnt |= {"mean": normal.theta_, "variance": normal.var_}
        if flags.any():
            frequent = sklearn("naive_bayes").BernoulliNB(alpha=wanted.smoothing)
            present = frequent.fit(rows[:, flags], truth).feature_log_prob_
            learnt |= {"present": present, "absent": np.log1p(-np.exp(present))}
        return learnt

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Multiply what the fields say, by adding logarithms."""
        flags = learnt["flags"]
        values, seen = rows[:, ~flags], rows[:, flags]
        away = values[:, np.newaxis] - learnt["mean"]
        variance = learnt["variance"]
        normal = -0.5 * (np.log(2 * np.pi * variance) + away**2 / variance).sum(axis=-1)
        frequent = seen @ (learnt["present"] - learnt["absent"]).T + learnt["absent"].sum(axis=1)
        return softmax(learnt["prior"] + normal + frequent)
