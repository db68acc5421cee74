"""The contract of a flow's steps: collect data, clean it, make features of it, follow up a prediction.

A step has one responsibility and keeps no state; a flow (`algorithm: flow`) puts steps in order:

    class Doubled(Step):
        name = "doubled"
        role = "handle"

        def outputs(self, inputs, parameters):
            return {"twice": Field(type="number")}

        def run(self, items, context):
            return {"twice": 2 * items["once"]}
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Parameters
from minerva.errors import MinervaError
from minerva.schema import Field
from minerva.schema.batch import Column

Role = Literal["collect", "handle", "features", "post"]
Shape = Literal["map", "spread", "gather"]
Columns = Mapping[str, Column]
"""Field → its values, as `minerva.schema.batch.Column` says for each type."""
Fields = Mapping[str, Field]


@dataclass(frozen=True, eq=False)
class Items:
    """n rows of named fields, each belonging to one of some records."""

    fields: Fields
    columns: Columns
    of: NDArray[np.intp]
    """Which record each row belongs to, never decreasing; shape (n,)."""
    records: int
    """How many records there are; one may have no row."""

    @classmethod
    def single(cls, fields: Fields, columns: Columns, rows: int) -> Items:
        """Return rows that are a record each."""
        return cls(fields, columns, np.arange(rows), rows)

    def __len__(self) -> int:
        return len(self.of)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, rows: NDArray[np.intp]) -> Items:
        """Return some rows, shape (m,), as records of their own."""
        taken = {name: column[rows] for name, column in self.columns.items()}
        return Items.single(self.fields, taken, len(rows))

    def labels(self, name: str) -> list[Any]:
        """Return a category's values as they are declared, None where missing."""
        values = self.fields[name].values
        return [None if code < 0 else values[code] for code in self.columns[name].tolist()]


@dataclass(frozen=True, eq=False)
class Spread:
    """What a step of shape `spread` makes: any number of rows of each row that it was given."""

    columns: Columns
    """Shape (m,) each."""
    of: NDArray[np.intp]
    """Which of the given rows each is made of, never decreasing; shape (m,)."""


class Volume(Protocol):
    """Room for files that are too large to be passed on: steps hand their names to each other."""

    def write(self, name: str, content: bytes) -> str:
        """Keep a file of the request and return its name, unique where `name` is taken.

        Raises Unavailable if the quota is used up, InvalidInput for a name that leads elsewhere.
        """

    def path(self, name: str) -> Path:
        """Return where a file of the request is. Raises InvalidInput if there is none of this name."""

    @property
    def shared(self) -> Path:
        """The folder that all requests to this flow share, for files that the step names itself.

        They stay, or for as long as the flow's `volume.shared_keep_s` says. Raises Unavailable if they
        are more than its `volume.shared_quota_mb`.
        """


def _unheard(row: int, reason: str | MinervaError) -> None:
    del row, reason


@dataclass(frozen=True)
class StepContext:
    """What a step is told beside its items."""

    parameters: Any
    """An instance of the step's own `Parameters`."""
    fields: Fields
    """What `outputs` returned."""
    workspace: Path
    """Relative paths in parameters are below this folder."""
    volume: Volume
    learnt: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """What `fit` returned, for a step that learns."""
    threads: int = 1
    """How many CPU threads the step may use."""
    seconds_left: float = math.inf
    """How long somebody waits for the result."""
    fail: Callable[[int, str | MinervaError], None] = _unheard
    """Tells that nothing can be made of one row (its position in `items`; for `gather`, of one record),
    and why: a sentence about what the caller sent, without personal values, or an error, such as
    Unavailable for what may pass. What is returned for such a row is ignored."""


class Step(ABC):
    """One kind of step. One instance serves the whole process, from several threads at once."""

    name: ClassVar[str]
    """How flows name it, behind its role: `collect: http`."""
    role: ClassVar[Role]
    shape: ClassVar[Shape] = "map"
    """map: one row for each row. spread: any number of rows for each row. gather: one row for each record,
    of all rows that belong to it."""
    Parameters: ClassVar[type[Parameters]] = Parameters
    inputs: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Input → the types of field that it may have, each of them needed; empty: whatever it is given."""
    batch: ClassVar[int] = 256
    """Most rows that it is given at once; those of a record stay together for `gather`."""
    outside: ClassVar[bool] = False
    """Whether it reads or changes what is outside, as every collector does: then it is not asked again
    to prove that a version still answers as it did."""
    label: ClassVar[str] = ""
    """Of a step that spreads: its output that names a row in messages."""

    @abstractmethod
    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the fields that it makes of such inputs.

        Called when the flow is read: raise InvalidConfiguration for inputs or parameters that do not fit.
        A category `c` may be accompanied by numbers `c.VALUE`, the chance of each of its values.
        """

    @abstractmethod
    def run(self, items: Items, context: StepContext) -> Columns | Spread:
        """Return a column for each output: a `Spread` where the shape is `spread`.

        Each row is for itself (for `gather`: each record). Raise InvalidInput for what the caller sent,
        Unavailable for what may pass; a failure of some rows only is better told by `context.fail`.
        """


class Learns(ABC):
    """Beside `Step`: a step of role `features` that looks at the training rows first."""

    @abstractmethod
    def fit(self, items: Items, context: StepContext) -> Mapping[str, NDArray[Any]]:
        """Return what is to be remembered of the training rows, arrays by name; no objects.

        Raise InvalidData for rows that cannot be learnt from.
        """
