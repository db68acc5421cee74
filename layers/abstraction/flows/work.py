"""Doing the work of a step here: a kind of step, a service, or a model that the flow has learnt."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Model
from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.flows.answering import columns_of, columns_of_answer
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.fitting import wrong_column
from minerva.layers.abstraction.flows.house import House
from minerva.layers.abstraction.flows.volume import StepVolume
from minerva.schema import Batch, Schema
from minerva.step import Columns, Fields, Items, Spread, Step, StepContext, Volume


@dataclass(frozen=True, eq=False)
class Made:
    """What was made of some items."""

    columns: Columns
    of: NDArray[np.intp] | None = None
    """Of a step that spreads: which item each row was made of."""
    failed: Mapping[int, Failure] = field(default_factory=dict)
    """Item (of a step that gathers: record) → why nothing was made of it."""


class Work(Protocol):
    """Does the work of a step on some items."""

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Return what it made; `until` is a moment of `time.monotonic`.

        Raises whatever it likes: `attempting` tells what is to be tried again.
        """


@dataclass(frozen=True, eq=False)
class KindWork:
    """A kind of step."""

    kind: Step
    parameters: Any
    made: Fields
    workspace: Path
    threads: int
    learnt: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Satisfy `Work`."""
        failed: dict[int, Failure] = {}
        seen = StepVolume(volume)
        made = self.kind.run(items, self.context(seen, until, failed))
        seen.check()
        if self.kind.shape == "spread":
            return self._spread(made, items, failed)
        rows = items.records if self.kind.shape == "gather" else len(items)
        if isinstance(made, Spread):
            raise AlgorithmFailed("It spread rows, and its shape does not say so.")
        return Made(checked(made, self.made, rows, failed), None, failed)

    def context(self, volume: Volume, until: float, failed: dict[int, Failure]) -> StepContext:
        """Return what the step is told."""
        return StepContext(
            parameters=self.parameters,
            fields=self.made,
            workspace=self.workspace,
            volume=volume,
            learnt=self.learnt,
            threads=self.threads,
            seconds_left=max(0.0, until - time.monotonic()),
            fail=lambda row, reason: failed.update({int(row): Failure.of(reason)}),
        )

    def _spread(self, made: Columns | Spread, items: Items, failed: Mapping[int, Failure]) -> Made:
        if not isinstance(made, Spread):
            raise AlgorithmFailed("It returned no Spread, and its shape says that it spreads.")
        of = np.asarray(made.of)
        if of.ndim != 1 or of.dtype.kind not in "iu":
            raise AlgorithmFailed("Its `of` is no column of positions.")
        if len(of) and (of[0] < 0 or of[-1] >= len(items) or (np.diff(of) < 0).any()):
            raise AlgorithmFailed("Its `of` decreases, or names items that there are not.")
        return Made(checked(made.columns, self.made, len(of)), of, failed)


@dataclass(frozen=True, eq=False)
class ServiceWork:
    """A service of the house."""

    house: House
    service: str
    schema: Schema

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Satisfy `Work`."""
        del volume, until
        answer = self.house.ask(self.service, items.columns)
        return Made(columns_of_answer(answer, self.schema.output))


@dataclass(frozen=True, eq=False)
class ModelWork:
    """A model that is part of the flow's version."""

    model: Model
    schema: Schema

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Satisfy `Work`."""
        del volume, until
        batch = Batch(self.schema, items.columns, len(items))
        return Made(columns_of(batch, self.model.predict(batch)))


def checked(columns: Columns, fields: Fields, rows: int, failed: Collection[int] = ()) -> Columns:
    """Return the columns that were promised. Raises AlgorithmFailed if one is missing or does not fit."""
    for name, one in fields.items():
        if name not in columns:
            raise AlgorithmFailed(f"It did not make {name!r}.")
        wrong = wrong_column(columns[name], one, rows, failed)
        if wrong is not None:
            raise AlgorithmFailed(f"It {wrong}, for {name!r}.")
    return {name: columns[name] for name in fields}
