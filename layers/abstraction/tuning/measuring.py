"""Measuring what parameters are worth, on rows of one reading of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minerva.algorithm import Progress, TrainingContext, TrainingData
from minerva.errors import AlgorithmFailed, InvalidConfiguration
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.services.declaration import ServiceDeclaration, TuningDeclaration
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.training.data import ReadData, read_training_data
from minerva.layers.abstraction.training.judging import evaluate_model, trained
from minerva.layers.abstraction.training.preparation import Prepared
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.tuning.space import metric_of

HOLDOUT = 0.25
Steps = Callable[[int, float], None]
"""Takes step (percent) and loss; may raise TrialPruned."""
Pair = tuple[TrainingData, TrainingData]
"""Rows to learn from, and rows to judge by."""


@dataclass(frozen=True, eq=False)
class Measuring:
    """Trains with other parameters, and registers nothing.

    Trials are compared on `pairs` of the training rows. Nobody has seen the rows of `final` then: a
    version's own training holds the same ones out.
    """

    declaration: ServiceDeclaration
    problem: Problem
    prepared: Prepared
    versioning: Versioning
    pairs: Sequence[Pair]
    final: Pair

    @classmethod
    def read(cls, versioning: Versioning, declaration: ServiceDeclaration) -> Measuring:
        """Read the declared data once. Raises what a training would."""
        prepared = versioning.prepare(declaration)
        if declaration.data is None:
            raise InvalidConfiguration(
                f"Service {declaration.service!r} declares no data, so there is nothing to compare "
                "parameters by: add a `data:` part."
            )
        source = versioning.open_source(expand(declaration.data, versioning.environment))
        problem, training = versioning.problem(declaration), declaration.training
        read = read_training_data(source, problem, declaration.data.decimal)
        pair = problem.hold_out(read.data, read.by, training.holdout, training.seed)
        final = problem.parted(read.data, pair)
        pairs = _pairs(read.take(pair[0]), problem, declaration)
        return cls(declaration, problem, prepared, versioning, pairs, final)

    @property
    def metric(self) -> str:
        """What trials are compared by."""
        return metric_of(self.declaration, self.problem)

    def measure(
        self, parameters: Mapping[str, Any], progress: Progress, steps: Steps
    ) -> dict[str, float]:
        """Return the metrics of these parameters, the mean over all pairs of rows.

        Raises AlgorithmFailed, InvalidConfiguration, InvalidData, and what `steps` raises.
        """
        return self._over(self.pairs, parameters, progress, steps)

    def confirm(self, parameters: Mapping[str, Any], progress: Progress) -> dict[str, float]:
        """Return the metrics on the rows that no trial saw. Raises as `measure`."""
        return self._over([self.final], parameters, progress, _unheard)

    def _over(
        self,
        pairs: Sequence[Pair],
        parameters: Mapping[str, Any],
        progress: Progress,
        steps: Steps,
    ) -> dict[str, float]:
        found = [
            self._once(pair, parameters, _Place(index, len(pairs), progress, steps))
            for index, pair in enumerate(pairs)
        ]
        names = set.intersection(*(set(one) for one in found))
        if self.metric not in names:
            raise AlgorithmFailed(f"{self.metric} could not be computed.")
        return {name: float(np.mean([one[name] for one in found])) for name in sorted(names)}

    def _once(self, pair: Pair, parameters: Mapping[str, Any], place: _Place) -> dict[str, float]:
        learnt, judged = pair
        algorithm = self.prepared.algorithm
        context = self._context(parameters, place)
        model = trained(algorithm.name, lambda: algorithm.train(learnt, context))
        return evaluate_model(self.problem, algorithm.name, model, judged)

    def _context(self, parameters: Mapping[str, Any], place: _Place) -> TrainingContext:
        declaration, trainer = self.declaration, self.versioning.trainer
        return TrainingContext(
            schema=declaration.schema,
            parameters=read_parameters(
                self.prepared.algorithm, {**declaration.parameters, **parameters}
            ),
            workspace=trainer.workspace,
            threads=trainer.threads,
            allow_pickle=declaration.allow_pickle,
            seed=declaration.training.seed,
            progress=place.progressed,
            report=place.reported,
        )


@dataclass(frozen=True)
class _Place:
    """One of several trainings that are one trial."""

    index: int
    count: int
    progress: Progress
    steps: Steps

    def progressed(self, fraction: float, message: str = "") -> None:
        self.progress((self.index + min(max(fraction, 0.0), 1.0)) / self.count, message)

    def reported(self, step: int, loss: float) -> None:
        self.steps((100 * self.index + min(max(int(step), 0), 100)) // self.count, float(loss))


def _pairs(read: ReadData, problem: Problem, declaration: ServiceDeclaration) -> list[Pair]:
    tuning = declaration.tuning or TuningDeclaration()
    data, seed = read.data, declaration.training.seed
    if tuning.folds is not None:
        parts = problem.folds(data, read.by, tuning.folds, seed)
    else:
        parts = [problem.hold_out(data, read.by, tuning.holdout or HOLDOUT, seed)]
    return [problem.parted(data, pair) for pair in parts]


def _unheard(step: int, loss: float) -> None:
    """Nobody compares the steps of what is confirmed."""
