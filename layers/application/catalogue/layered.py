"""What networks of layers have in common, however they were begun: when to end, scaling, answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    Supervised,
    sigmoid_pair,
    softmax,
)

MIN_ROWS_TO_VALIDATE = 200
VALIDATED = 0.1
"""Share of the rows that tell when to end."""
Units = Annotated[int, Meta(ge=1, le=4096)]


class Layered(Supervised):
    """A network of layers, learnt by scikit-learn's classes."""

    @abstractmethod
    def grown(
        self, learner: str, rows: Matrix, truth: NDArray[Any], context: TrainingContext
    ) -> Learnt:
        """Learn with the class of scikit-learn of that name; return what `passed` needs."""

    @abstractmethod
    def passed(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
        """Return the sums of the last layer, shape (n, outputs)."""


class LayeredRegressor(Layered):
    """Tells a number."""

    problem = REGRESSION

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn; the truth is brought to mean 0 and deviation 1 meanwhile."""
        return on_scaled(truth, lambda one: self.grown("MLPRegressor", rows, one, context))

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Pass the rows through, and undo the scaling."""
        return unscaled(learnt, self.passed(learnt, rows))


class LayeredClassifier(Layered):
    """Tells a class."""

    problem = CLASSIFICATION

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn."""
        return self.grown("MLPClassifier", rows, truth, context)

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Pass the rows through."""
        return as_chances(self.passed(learnt, rows))


def may_validate(truth: NDArray[Any], *, number: bool) -> bool:
    """Tell whether a tenth of the rows can be spared, some of each class."""
    if len(truth) < MIN_ROWS_TO_VALIDATE or number:
        return len(truth) >= MIN_ROWS_TO_VALIDATE
    counts = np.bincount(truth)
    return bool(counts.min() > 1 and len(counts) <= VALIDATED * len(truth))


def layers_of(network: Any) -> Learnt:
    """Return weights and starts of scikit-learn's network, the lowest layer first."""
    found: Learnt = {}
    for at, (weights, start) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        found |= {f"weights{at}": weights, f"start{at}": start}
    return found


def on_scaled(truth: NDArray[Any], grown: Callable[[NDArray[Any]], Learnt]) -> Learnt:
    """Learn numbers that are brought to mean 0 and deviation 1, and keep what undoes it."""
    mean, spread = truth.mean(), truth.std() or 1.0
    return {**grown((truth - mean) / spread), "truth": np.array([mean, spread])}


def unscaled(learnt: Mapping[str, NDArray[Any]], sums: Matrix) -> NDArray[np.float64]:
    """Return the numbers that the last layer's sums stand for, shape (n,)."""
    mean, spread = learnt["truth"]
    return np.asarray(sums[:, 0] * spread + mean, np.float64)


def as_chances(sums: Matrix) -> NDArray[np.float64]:
    """Return each class's chance, shape (n, classes); two classes have one sum."""
    return sigmoid_pair(sums[:, 0]) if sums.shape[1] == 1 else softmax(sums)
