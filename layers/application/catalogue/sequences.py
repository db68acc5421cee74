"""`recurrent.classifier` and `recurrent.regressor`: a recurrent network reads the last rows of a key.

A gated recurrent unit goes through a record's window, the oldest step first, and what it holds at the end
tells the answer. PyTorch learns, numpy answers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidData,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.catalogue import gated, gated_training
from minerva.layers.application.catalogue.arrays import learnt_of, load_arrays, save_arrays
from minerva.layers.application.catalogue.beside import part
from minerva.layers.application.catalogue.layered import MIN_ROWS_TO_VALIDATE, on_scaled, unscaled
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    sampled,
    softmax,
)
from minerva.layers.application.catalogue.windows import Sequences
from minerva.layers.application.truth import Classes, numbers, the_output, told

VALIDATED = 0.15
"""Share of the rows that tell when to end."""
BATCH, PATIENCE = 128, 8
"""Rows that the weights move by at once; passes without a gain that end it."""
FEWEST_KEYS = 20
"""Different keys of which some can be spared."""
SEARCH_SPACE = {
    "units": {"low": 8, "high": 64, "log": True},
    "rate": {"low": 0.0005, "high": 0.02, "log": True},
    "penalty": {"low": 1e-5, "high": 0.3, "log": True},
}


class SequenceParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    time: Annotated[
        str | None,
        Meta(description="Input that tells the time: the latest rows tell when to end"),
    ] = None
    units: Annotated[int, Meta(ge=1, le=512, description="Units of the network")] = 32
    passes: Annotated[
        int, Meta(ge=1, le=10_000, description="Most passes over the rows; ends when nothing gains")
    ] = 60
    rate: Annotated[
        float, Meta(gt=0, le=1, description="How far the weights move at first (Adam)")
    ] = 0.003
    penalty: Annotated[
        float, Meta(ge=0, le=100, description="How strongly large weights are held back")
    ] = 0.01
    max_rows: Annotated[
        int,
        Meta(ge=20, le=1_000_000, description="Rows that are learnt from, chosen at random beyond"),
    ] = 50_000


@dataclass(frozen=True, eq=False)
class SequenceModel:
    """Weights that read windows."""

    algorithm: str
    context: Context
    sequences: Sequences
    learnt: Mapping[str, NDArray[Any]]

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        name, field = self.context.schema.target()
        held = gated.last_held(self.learnt, self.sequences.steps(batch))
        sums = gated.told(self.learnt, held)
        if "classes" in self.learnt:
            return {name: told(field, self.learnt["classes"], softmax(sums))}
        return {name: unscaled(self.learnt, sums)}

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        arrays = {**self.sequences.arrays(), **self.learnt}
        save_arrays(folder, arrays, {"algorithm": self.algorithm})


class _Sequential(Algorithm):
    runtime = "inline"
    Parameters = SequenceParameters
    search_space = SEARCH_SPACE

    def train(self, data: TrainingData, context: TrainingContext) -> SequenceModel:
        """Learn.

        Raises InvalidData, or InvalidConfiguration for other outputs, inputs without a window, and where
        PyTorch is not installed.
        """
        self.check(context)
        wanted: SequenceParameters = context.parameters
        data = data.take(sampled(len(data), wanted.max_rows, context.seed))
        if not len(data):
            raise InvalidData("The training data has no rows.")
        sequences = Sequences.fitted(data.inputs, wanted.time)
        steps = sequences.steps(data.inputs).astype(np.float32)
        learnt = self.fit(steps, data, put_aside(data.inputs, context), context)
        return SequenceModel(self.name, context, sequences, learnt)

    @abstractmethod
    def fit(
        self,
        steps: NDArray[np.float32],
        data: TrainingData,
        judged: NDArray[np.bool_],
        context: TrainingContext,
    ) -> Learnt:
        """Learn from steps of shape (n, steps, width); the judged rows, shape (n,), tell when to end."""

    def check(self, context: Context) -> None:
        """Raise InvalidConfiguration for what this cannot be of."""
        number = self.problem == REGRESSION
        instead = "recurrent.classifier" if number else "recurrent.regressor"
        the_output(context.schema, self.name, number=number, instead=instead)
        if context.parameters.time is not None:
            part(context, "time")

    def load(self, folder: Path, context: Context) -> SequenceModel:
        """Read back what `save` wrote; nothing but numpy is needed."""
        self.check(context)
        arrays, _ = load_arrays(folder)
        sequences = Sequences.kept(context.schema, arrays, context.parameters.time)
        return SequenceModel(self.name, context, sequences, learnt_of(arrays))


class RecurrentClassifier(_Sequential):
    """Which class, as a recurrent network reads the last rows of a key one after the other."""

    name = "recurrent.classifier"
    example = "examples/catalogue/services/rain-recurrent.yaml"
    problem = CLASSIFICATION

    def fit(
        self,
        steps: NDArray[np.float32],
        data: TrainingData,
        judged: NDArray[np.bool_],
        context: TrainingContext,
    ) -> Learnt:
        """Learn how likely each class is that occurs."""
        classes = Classes.of(data)
        effort = _effort(context.parameters, len(classes.present))
        learnt = gated_training.learnt(steps, classes.labels, judged, effort, "surprise", context)
        return {**learnt, "classes": classes.present}


class RecurrentRegressor(_Sequential):
    """A number, as a recurrent network reads the last rows of a key one after the other."""

    name = "recurrent.regressor"
    example = "examples/catalogue/services/warmth-recurrent.yaml"
    problem = REGRESSION

    def fit(
        self,
        steps: NDArray[np.float32],
        data: TrainingData,
        judged: NDArray[np.bool_],
        context: TrainingContext,
    ) -> Learnt:
        """Learn; the truth is brought to mean 0 and deviation 1 meanwhile."""
        effort = _effort(context.parameters, 1)

        def grown(truth: NDArray[Any]) -> Learnt:
            scaled = truth.astype(np.float32)
            return gated_training.learnt(steps, scaled, judged, effort, "squared", context)

        return on_scaled(numbers(data), grown)


def put_aside(batch: Batch, context: TrainingContext) -> NDArray[np.bool_]:
    """Return which rows tell when to end, shape (n,): the latest, those of some keys, or any; none of few.

    Windows of a key overlap, so rows beside each other would tell what was learnt and not what is known.
    Raises InvalidData where a row does not tell its time.
    """
    rows, time = len(batch), context.parameters.time
    aside = np.zeros(rows, dtype=bool)
    if rows < MIN_ROWS_TO_VALIDATE:
        return aside
    if time is not None:
        return _latest(np.asarray(batch[time], np.float64), time)
    chance = np.random.default_rng(context.seed)
    known = {key: at for at, key in enumerate(dict.fromkeys(map(str, batch.keys or ())))}
    if len(known) >= FEWEST_KEYS:
        spared = chance.permutation(len(known))[: round(len(known) * VALIDATED)]
        return np.isin([known[str(key)] for key in batch.keys or ()], spared)
    aside[chance.permutation(rows)[: round(rows * VALIDATED)]] = True
    return aside


def _latest(times: NDArray[np.float64], name: str) -> NDArray[np.bool_]:
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0]) + 1
        raise InvalidData(
            "The training data cannot be learnt from: some rows do not tell their time.",
            faults=[Fault(f'column "{name}", row {row}', "is empty")],
        )
    latest = times >= np.quantile(times, 1 - VALIDATED)
    return latest if not latest.all() else np.zeros(len(times), dtype=bool)


def _effort(wanted: SequenceParameters, outputs: int) -> gated_training.Effort:
    return gated_training.Effort(
        wanted.units, outputs, wanted.passes, wanted.rate, wanted.penalty, BATCH, PATIENCE
    )
