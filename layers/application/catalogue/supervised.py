"""The frame of the supervised algorithms: fields to numbers, learning, arrays, answers.

A module of the catalogue says how its library learns (`fit`) and how numpy answers (`answer`); this is
the rest, the same for all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidData,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.layers.application.catalogue.arrays import learnt_of, load_arrays, save_arrays
from minerva.layers.application.catalogue.features import Features, Matrix
from minerva.layers.application.models.libraries import library
from minerva.layers.application.truth import Classes, numbers, the_output, told

CLASSIFICATION, REGRESSION = "classification", "regression"
LITTLE = 1_000_000
"""Numbers that one thread looks through as quickly as several."""
Learnt = dict[str, NDArray[Any]]
"""What a model is, by name."""


@dataclass(frozen=True, eq=False)
class SupervisedModel:
    """Arrays that answer."""

    algorithm: Supervised
    features: Features
    learnt: Mapping[str, NDArray[Any]]
    context: Context

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        name, field = self.context.schema.target()
        answers = self.algorithm.answer(self.learnt, self.features.matrix(batch))
        if self.algorithm.number:
            return {name: answers}
        return {name: told(field, self.learnt["classes"], answers)}

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        facts = {"algorithm": self.algorithm.name}
        save_arrays(folder, {**self.features.arrays(), **self.learnt}, facts)


class Supervised(Algorithm):
    """An algorithm that learns one output from fields that are numbers or categories."""

    runtime = "inline"
    scaled: ClassVar[bool] = True
    """Whether it wants numbers of mean 0 and deviation 1."""
    instead: ClassVar[str] = ""
    """What the same library has for the other kind of output."""
    model: ClassVar[type[SupervisedModel]] = SupervisedModel

    @property
    def number(self) -> bool:
        """Whether the output is a number; else one of some classes."""
        return self.problem == REGRESSION

    @abstractmethod
    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Learn. `truth`: floats, or indices of classes that all occur; shape (n,)."""

    @abstractmethod
    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return numbers, shape (n,), or the chance of each class that occurred, shape (n, classes)."""

    def train(self, data: TrainingData, context: TrainingContext) -> SupervisedModel:
        """Learn from `data`. Raises InvalidData, or InvalidConfiguration for another kind of output."""
        the_output(context.schema, self.name, number=self.number, instead=self.instead)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        features = Features.fitted(data.inputs, scaled=self.scaled)
        rows = features.matrix(data.inputs)
        with few_threads(rows, context):
            learnt = self._fitted(rows, data, context)
        return self.model(self, features, learnt, context)

    def _fitted(self, rows: Matrix, data: TrainingData, context: TrainingContext) -> Learnt:
        if self.number:
            return self.fit(rows, numbers(data), context)
        classes = Classes.of(data)
        return {**self.fit(rows, classes.labels, context), "classes": classes.present}

    def load(self, folder: Path, context: Context) -> SupervisedModel:
        """Read back what `save` wrote; nothing but numpy is needed."""
        the_output(context.schema, self.name, number=self.number, instead=self.instead)
        arrays, _ = load_arrays(folder)
        features = Features.kept(context.schema, arrays, scaled=self.scaled)
        learnt = learnt_of(arrays)
        return self.model(self, features, learnt, context)


def sklearn(module: str) -> Any:
    """Import a part of scikit-learn, which only training needs."""
    return library(f"sklearn.{module}", "sklearn", "scikit-learn")


def few_threads(rows: Matrix, context: TrainingContext) -> AbstractContextManager[Any]:
    """Keep numpy's and scikit-learn's own threads to one, where rows are few, else to what is allowed.

    They wait for each other so often that little work on a busy machine takes a hundred times as long.
    """
    sklearn("linear_model")  # what is loaded later would not be held
    limits = library("threadpoolctl", "sklearn").threadpool_limits
    held: AbstractContextManager[Any] = limits(1 if rows.size < LITTLE else context.threads)
    return held


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return chances that sum to 1 along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True, initial=-np.inf))
    chances: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return chances


def sigmoid_pair(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances of two classes from the score of the second, shape (n,)."""
    return softmax(np.column_stack([np.zeros_like(score), score]))


def sampled(rows: int, most: int, seed: int) -> NDArray[np.intp]:
    """Return which of the rows are kept, in order: all, or `most` chosen at random."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def sampled_of_each(labels: NDArray[Any], most: int, seed: int) -> NDArray[np.intp]:
    """Return the same of rows with classes: some `most` of them, each class as its share, at least one."""
    share, chance = min(1.0, most / max(1, len(labels))), np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == one) for one in np.unique(labels)]
    kept = [
        chance.choice(group, max(1, round(share * len(group))), replace=False) for group in groups
    ]
    return np.sort(np.concatenate(kept))
