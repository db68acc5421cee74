"""The port of a kind of problem, and what all kinds look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData
from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.problems.live import Live
from minerva.schema import Field, FieldType, Schema
from minerva.schema.field import NUMERIC

Floats = NDArray[np.floating[Any]]
Truth = Literal["all", "some", "none"]
"""Which rows of the training data hold the truth; none: the column may be left out."""
MOMENTS = NUMERIC | {FieldType.TIMESTAMP}
"""Types that are in order of time."""
Way = Literal["random", "time", "group"]
"""How rows are held out."""


@dataclass(frozen=True)
class Role:
    """A part that an input plays: the algorithm's parameter of this name says which input it is."""

    name: str
    types: frozenset[FieldType] = frozenset()
    """Types that it may have; empty: any."""
    needed: bool = True


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows with their truth, as a kind looks at them."""

    data: TrainingData
    roles: Mapping[str, str]
    """Role → the input that plays it."""

    def __len__(self) -> int:
        return len(self.data)

    @property
    def output(self) -> tuple[str, Field]:
        """Name and field of the output that metrics are about."""
        return self.data.inputs.schema.target()

    def take(self, indices: NDArray[Any]) -> Rows:
        """Return the rows at `indices` (int, shape (m,))."""
        return Rows(self.data.take(indices), self.roles)

    def role(self, name: str) -> NDArray[Any]:
        """Return the column that plays a role, shape (n,). Raises KeyError if none does."""
        return self.data.inputs[self.roles[name]]


@dataclass(frozen=True)
class Simple:
    """What anybody could answer without having learnt."""

    answer: str
    """In words."""
    metrics: Mapping[str, float]


class Kind(Protocol):
    """A kind of problem."""

    @property
    def name(self) -> str:
        """Return the field's term, as `Algorithm.problem` says it."""

    @property
    def wants(self) -> str:
        """Tell a person what output it has."""

    @property
    def truth(self) -> Truth:
        """Tell which rows of the training data hold the truth."""

    @property
    def truths(self) -> int | None:
        """Tell of how many outputs, from the first on, the data holds the truth; None: of all."""

    @property
    def resampled(self) -> bool:
        """Tell whether metrics mean the same of some of the rows, drawn again and again or by groups.

        What compares rows with each other does not: a row drawn twice is its own nearest neighbour.
        """

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the parts that inputs play."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Return how rows may be held out, the usual way first."""

    @property
    def baseline(self) -> str:
        """Tell a person what a model must beat."""

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Yield what is wrong with the outputs; pointers are below the declaration."""

    def check(self, rows: Rows) -> None:
        """Raise InvalidData for rows that nothing can be learnt from."""

    def judged(self, rows: Rows, learnt: Rows) -> Rows:
        """Return what is judged by where some rows were held out: those, and perhaps others beside them."""

    def metrics(self, field: Field) -> tuple[str, ...]:
        """Return the metrics that an output can have; the first is what parameters are tuned by."""

    def telling(self, field: Field) -> tuple[str, ...]:
        """Return the metrics that tell a model from a simple answer; the first that there is counts."""

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Return metric → value, NaN where the rows do not tell; `rows` is not empty.

        `outputs` answer the rows.
        """

    def live(self, schema: Schema) -> Live:
        """Return how answers in use are judged; `evaluate` then looks at recorded rows."""

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:
        """Return what a model must beat on `rows`, of which there is one at least.

        `learnt` are the rows that the model was learnt from, None where no process holds them all.
        None if there is nothing to compare.
        """


def missing(target: NDArray[Any], field: Field) -> NDArray[np.bool_]:
    """Return which rows have no truth, shape (n,)."""
    return target < 0 if field.type is FieldType.CATEGORY else np.isnan(target)


def labelled(rows: Rows) -> NDArray[np.intp]:
    """Return the rows that have a truth, in order."""
    return np.flatnonzero(~missing(rows.data.target(), rows.output[1]))


def demand_truth(rows: Rows) -> None:
    """Raise InvalidData if a row has no truth, or all have the same."""
    name, field = rows.output
    refuse_missing_truth(rows.data.target(), name, field, first_row=1)
    demand_difference(rows)


def demand_difference(rows: Rows) -> None:
    """Raise InvalidData if all rows that have a truth have the same, or each another class."""
    name, field = rows.output
    known = rows.data.target()[labelled(rows)]
    if not len(known):
        raise InvalidData(
            f"No row of the training data holds {name!r}: there is nothing to learn.",
            faults=[Fault(f'column "{name}"', "is empty in every row, or missing")],
        )
    different = len(np.unique(known))
    if field.type is FieldType.CATEGORY and different == len(known):
        raise InvalidData(
            f"No two rows of the training data have the same {name!r}: there is nothing to learn.",
            faults=[Fault(f'column "{name}"', "is different in every row; is it an identifier?")],
        )
    if different < 2:  # noqa: PLR2004 - one value teaches nothing
        raise InvalidData(
            f"Every row of the training data has the same {name!r}: there is nothing to learn.",
            faults=[Fault(f'column "{name}"', "holds one value only")],
        )


def refuse_missing_truth(target: NDArray[Any], name: str, field: Field, first_row: int) -> None:
    """Raise InvalidData if some row, the first of which counts as `first_row`, has no truth."""
    absent = missing(target, field)
    if absent.any():
        row = int(np.flatnonzero(absent)[0]) + first_row
        raise InvalidData(
            "The training data lacks the truth in some rows: leave those rows out of the query.",
            faults=[Fault(f'column "{name}", row {row}', "is empty")],
        )


def wrong_type(schema: Schema, types: frozenset[FieldType], wants: str) -> Iterator[Fault]:
    """Yield a fault if the first output has another type."""
    name, field = schema.target()
    if field.type not in types:
        message = f"is of type {field.type.value}; here it is {wants}"
        yield Fault(f"/schema/output/{name}", message)
