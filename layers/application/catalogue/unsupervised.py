"""The frame of the algorithms that need no truth: fields to numbers, learning, arrays, answers.

As `supervised` is for the others: a module says how its library learns (`fit`) and how numpy answers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.catalogue.arrays import learnt_of, load_arrays, save_arrays
from minerva.layers.application.catalogue.features import Features, Matrix
from minerva.layers.application.catalogue.supervised import Learnt, few_threads

CLUSTERING, ANOMALIES, REDUCTION = "clustering", "anomaly-detection", "dimension-reduction"


@dataclass(frozen=True, eq=False)
class UnsupervisedModel:
    """Arrays that answer."""

    algorithm: Unsupervised
    features: Features
    learnt: Mapping[str, NDArray[Any]]
    context: Context

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        said = self.algorithm.answer(self.learnt, self.features.matrix(batch))
        columns = said.T if said.ndim > 1 else [said]
        return dict(zip(self.context.schema.output, columns, strict=True))

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        facts = {"algorithm": self.algorithm.name}
        save_arrays(folder, {**self.features.arrays(), **self.learnt}, facts)


class Unsupervised(Algorithm):
    """An algorithm that learns how rows lie, from fields that are numbers or categories."""

    runtime = "inline"
    output: ClassVar[FieldType]
    """What it answers with."""
    scaled: ClassVar[bool] = True
    """Whether it wants numbers of mean 0 and deviation 1."""

    @abstractmethod
    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Learn from rows, of which there is one at least."""

    @abstractmethod
    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return shape (n,), or (n, outputs) where there may be several."""

    def check(self, schema: Schema) -> None:
        """Raise InvalidConfiguration for other outputs than one of the type."""
        if len(schema.output) > 1:
            raise InvalidConfiguration(
                f"{self.name} gives one output, but the schema has {len(schema.output)}.",
                faults=[Fault("/schema/output", "has more than one output")],
            )
        self.check_types(schema)

    def check_types(self, schema: Schema) -> None:
        """Raise InvalidConfiguration for an output of another type."""
        faults = [
            Fault(f"/schema/output/{name}", f"is of type {field.type.value}")
            for name, field in schema.output.items()
            if field.type is not self.output
        ]
        if faults:
            raise InvalidConfiguration(f"{self.name} gives {self.output.value}.", faults=faults)

    def train(self, data: TrainingData, context: TrainingContext) -> UnsupervisedModel:
        """Learn from `data`. Raises InvalidData, or InvalidConfiguration for other outputs."""
        self.check(context.schema)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        features = Features.fitted(data.inputs, scaled=self.scaled)
        rows = features.matrix(data.inputs)
        with few_threads(rows, context):
            learnt = self.fit(rows, context)
        return UnsupervisedModel(self, features, learnt, context)

    def load(self, folder: Path, context: Context) -> UnsupervisedModel:
        """Read back what `save` wrote; nothing but numpy is needed."""
        self.check(context.schema)
        arrays, _ = load_arrays(folder)
        features = Features.kept(context.schema, arrays, scaled=self.scaled)
        learnt = learnt_of(arrays)
        return UnsupervisedModel(self, features, learnt, context)
