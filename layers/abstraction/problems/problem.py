"""What one service is to solve: its kind of problem, who plays which part, and how rows are held out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Algorithm, Predictions, TrainingData
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.problems import holding_out
from minerva.layers.abstraction.problems.classification import CLASSES
from minerva.layers.abstraction.problems.holding_out import Indices, Pair
from minerva.layers.abstraction.problems.kind import Kind, Rows, Simple, labelled
from minerva.layers.abstraction.problems.kinds import kind_of
from minerva.layers.abstraction.problems.parts import roles_of, split_of
from minerva.layers.abstraction.services.declaration import ServiceDeclaration, SplitDeclaration
from minerva.schema import Field, Schema
from minerva.spelling import hint

By = NDArray[Any] | None
"""The values that rows are held out by, shape (n,); None: at random."""


@dataclass(frozen=True)
class Problem:
    """One service's problem."""

    kind: Kind
    schema: Schema
    roles: Mapping[str, str]
    """Role → the input that plays it."""
    split: SplitDeclaration
    """Complete: time and group have their field."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics that a version can have, the one first that parameters are tuned by."""
        return self.kind.metrics(self.schema.target()[1])

    @property
    def labelled(self) -> bool:
        """Whether every row of the training data holds the truth."""
        return self.kind.truth == "all"

    def truth_fields(self) -> dict[str, Field]:
        """Return the outputs that the training data has; nullable, where some rows may lack the truth."""
        told = dict(islice(self.schema.output.items(), self.kind.truths))
        if self.labelled:
            return told
        return {name: msgspec.structs.replace(one, nullable=True) for name, one in told.items()}

    def check_metric(self, metric: str, where: str) -> None:
        """Raise InvalidConfiguration for a metric that this kind of problem does not have."""
        if metric not in self.metrics:
            raise InvalidConfiguration(
                f"There is no metric {metric!r} for {self.kind.name}.",
                faults=[Fault(where, f"unknown here; {hint(metric, self.metrics)}")],
            )

    def check(self, data: TrainingData) -> None:
        """Raise InvalidData for rows that nothing can be learnt from."""
        self.kind.check(Rows(data, self.roles))

    def evaluate(self, data: TrainingData, outputs: Predictions) -> dict[str, float]:
        """Return the metrics that these rows tell, each finite; none of no rows."""
        if not len(data):
            return {}
        found = self.kind.evaluate(Rows(data, self.roles), outputs)
        return {metric: value for metric, value in found.items() if math.isfinite(value)}

    def simple(self, judged: TrainingData, learnt: TrainingData | None) -> Simple | None:
        """Return what a model must beat on some rows, None if there is nothing to compare."""
        if not len(judged):
            return None
        known = None if learnt is None else Rows(learnt, self.roles)
        return self.kind.simple(Rows(judged, self.roles), known)

    def telling(self) -> tuple[str, ...]:
        """Return the metrics that tell a model from a simple answer, the best first."""
        return self.kind.telling(self.schema.target()[1])

    def hold_out(self, data: TrainingData, by: By, share: float, seed: int) -> Pair:
        """Return the rows to learn from and those to judge by; the same for the same seed.

        Of rows of which some lack the truth, only others are held out. Raises InvalidData.
        """
        known = self._judged(data)
        if by is None:
            held = holding_out.at_random(self._strata(data, known), share, seed)
        elif self.split.by == "time":
            held = known[holding_out.latest(by[known], share)]
        else:
            held = known[holding_out.whole_groups(by[known], share, seed)]
        return _without(held, len(data)), held

    def folds(self, data: TrainingData, by: By, count: int, seed: int) -> Sequence[Pair]:
        """Return `count` such pairs that hold out other rows each time. Raises InvalidData."""
        known = self._judged(data)
        if by is None:
            parts = holding_out.random_folds(self._strata(data, known), count, seed)
        elif self.split.by == "time":
            return [
                (known[earlier], known[later])
                for earlier, later in holding_out.folds_in_time(by[known], count)
            ]
        else:
            parts = [known[one] for one in holding_out.folds_of_groups(by[known], count, seed)]
        return [(_without(held, len(data)), held) for held in parts]

    def parted(self, data: TrainingData, pair: Pair) -> tuple[TrainingData, TrainingData]:
        """Return the rows to learn from and those to judge by, with what stands beside them."""
        learnt, held = (data.take(indices) for indices in pair)
        return learnt, self.kind.judged(Rows(held, self.roles), Rows(learnt, self.roles)).data

    def _judged(self, data: TrainingData) -> Indices:
        """Return the rows that may be held out: where some lack the truth, the others."""
        if self.kind.truth == "some":
            return labelled(Rows(data, self.roles))
        return np.arange(len(data))

    def _strata(self, data: TrainingData, known: Indices) -> list[Indices]:
        """Return the rows of each class, all together where there are none."""
        if self.kind.truth == "none" or self.schema.target()[1].type not in CLASSES:
            return [known]
        truth = data.target()[known]
        return [known[truth == value] for value in np.unique(truth)]


ProblemOf = Callable[[ServiceDeclaration], Problem]
"""Returns a service's problem. Raises InvalidConfiguration."""


def problem_of(algorithm: Algorithm, declaration: ServiceDeclaration) -> Problem:
    """Return what an algorithm is to solve for a service.

    Raises InvalidConfiguration, with JSON pointers, for an output of another kind of problem, a role
    that no input plays, or rows that cannot be held out so.
    """
    kind, schema = kind_of(algorithm, declaration.schema), declaration.schema
    faults = [*kind.misfits(schema)]
    if faults:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} solves {kind.name}, whose output is {kind.wants} "
            "(`minerva algorithms` lists what solves which).",
            faults=faults,
        )
    roles = roles_of(kind, algorithm, declaration)
    return Problem(kind, schema, roles, split_of(kind, roles, declaration))


def _without(held: Indices, rows: int) -> Indices:
    left = np.ones(rows, dtype=bool)
    left[held] = False
    return np.flatnonzero(left)
