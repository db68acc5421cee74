"""One algorithm with the data to check it: trains and asks it as the platform does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Algorithm, Context, Model, Predictions, TrainingContext, TrainingData
from minerva.errors import AlgorithmFailed, InvalidData, MinervaError
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.serving.answers import Answers
from minerva.schema import Batch, Decoder, Field, FieldType, Schema
from minerva.testing.algorithm.data import (
    OUTPUTS,
    Record,
    inputs_of,
    made_up_records,
    made_up_schema,
    training_data,
)
from minerva.testing.algorithm.reading import schema_of, told_by
from minerva.testing.origin import Origin, find, origin_of
from minerva.testing.verdict import Broken, described, raised

ASKED_ROWS = 40
SEED = 7


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an algorithm may use while it is checked."""

    timeout_s: float = 60.0
    """For each fresh process."""
    training_memory_mb: int = 2048
    growth_mb: float = 4.0
    """How much 100 predictions may add to the memory of a process that is warm."""


class Portable(msgspec.Struct, frozen=True, kw_only=True):
    """A case on its way into a fresh process."""

    origin: Origin
    schema: dict[str, Any]
    parameters: dict[str, Any]
    records: list[Record]
    asked: list[Record]
    workspace: str
    allow_pickle: bool
    limits: Limits


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """What the checks look at. `records` are learnt from; `asked` are inputs that were not."""

    algorithm: Algorithm
    origin: Origin
    schema: Schema
    parameters: Mapping[str, Any] = field(default_factory=dict)
    records: Sequence[Record]
    asked: Sequence[Record]
    workspace: Path
    allow_pickle: bool = False
    limits: Limits = field(default_factory=Limits)
    seen: dict[str, Any] = field(default_factory=dict)
    """What a fresh process saw, kept for all the checks that want to know."""

    @property
    def home(self) -> Path | None:
        """Where the algorithm's own code stands."""
        return self.origin.home

    def context(self, seed: int = SEED) -> TrainingContext:
        """Return what a training is told."""
        try:
            parameters = read_parameters(self.algorithm, dict(self.parameters))
        except MinervaError as error:
            wrong = "; ".join(map(str, error.faults)) or error.message
            raise Broken(
                f"The parameters do not fit {self.algorithm.name}: {wrong}.",
                "Give the contract `parameters` (`minerva test`: --service) that the algorithm takes.",
            ) from error
        return TrainingContext(
            schema=self.schema,
            parameters=parameters,
            workspace=self.workspace,
            allow_pickle=self.allow_pickle,
            seed=seed,
        )

    def train(self, records: Sequence[Record] | None = None, seed: int = SEED) -> Model:
        """Return a new model. Raises Broken."""
        try:
            return self.try_to_train(records, seed)
        except MinervaError as error:
            told = described(error)
            raise Broken(
                f"Training refused the data of the check with {told}.",
                "Give the contract a `schema`, `data` or `output` that the algorithm learns from "
                "(`minerva test`: --service or --output).",
            ) from error

    def try_to_train(self, records: Sequence[Record] | None = None, seed: int = SEED) -> Model:
        """Return a new model. Raises MinervaError if the algorithm refuses the data, else Broken."""
        context = self.context(seed)
        data = self.data(self.records if records is None else records)
        with self._own("train", refusals=True):
            return self.algorithm.train(data, context)

    def data(self, records: Sequence[Record]) -> TrainingData:
        """Return what a training learns from: nothing, for an algorithm that needs no data."""
        return training_data(self.schema, records if self.algorithm.needs_data else ())

    @cached_property
    def model(self) -> Model:
        """A model that several checks may ask."""
        return self.train()

    def batch(self, records: Sequence[Record] | None = None) -> Batch:
        """Return records as a model gets them; the asked ones, if none are given."""
        return Decoder(self.schema).records(list(self.asked if records is None else records))

    def outputs(self, model: Model, batch: Batch) -> dict[str, NDArray[Any]]:
        """Ask; return one array per output of the schema, checked. Raises Broken."""
        try:
            return self.try_to_ask(model, batch)
        except MinervaError as error:
            raise raised("predict", error, self.home) from error

    def try_to_ask(self, model: Model, batch: Batch) -> dict[str, NDArray[Any]]:
        """Ask. Raises InvalidData or InvalidInput if the model refuses the records, else Broken."""
        with self._own("predict", refusals=True):
            outputs: Predictions = model.predict(batch)
        if not isinstance(outputs, Mapping):
            raise Broken(
                f"predict returned {type(outputs).__name__}.",
                "Return a dictionary, {output name: array}.",
            )
        try:
            Answers.of(batch, outputs)
        except AlgorithmFailed as error:
            raise Broken(f"{error.message}", promise(self.schema)) from error
        return {name: np.asarray(outputs[name]) for name in self.schema.output}

    def save(self, model: Model, folder: Path) -> None:
        """Write a model into an empty folder. Raises Broken."""
        folder.mkdir(parents=True, exist_ok=True)
        with self._own("save"):
            model.save(folder)

    def load(self, folder: Path) -> Model:
        """Read it back. Raises Broken."""
        told = self.context()
        context = Context(
            schema=told.schema,
            parameters=told.parameters,
            workspace=told.workspace,
            allow_pickle=told.allow_pickle,
        )
        with self._own("load"):
            return self.algorithm.load(folder, context)

    @contextmanager
    def _own(self, step: str, *, refusals: bool = False) -> Iterator[None]:
        """Run the plugin's code; whatever it raises, but refusals in words, is a broken promise."""
        try:
            yield
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            honest = isinstance(error, MinervaError) and not isinstance(error, AlgorithmFailed)
            if honest and refusals:
                raise
            raise raised(step, error, self.home) from error

    def pack(self) -> Portable:
        """Return the case for a fresh process."""
        return Portable(
            origin=self.origin,
            schema=self.schema.to_json(),
            parameters=dict(self.parameters),
            records=list(self.records),
            asked=list(self.asked),
            workspace=str(self.workspace),
            allow_pickle=self.allow_pickle,
            limits=self.limits,
        )


def unpack(packed: Portable) -> Case:
    """Return the case in a fresh process. Raises Broken if its algorithm cannot be found there."""
    return Case(
        algorithm=find(packed.origin),
        origin=packed.origin,
        schema=Schema.parse(packed.schema),
        parameters=packed.parameters,
        records=packed.records,
        asked=packed.asked,
        workspace=Path(packed.workspace),
        allow_pickle=packed.allow_pickle,
        limits=packed.limits,
    )


def make_case(  # noqa: PLR0913 - what a contract's class may declare, by name
    algorithm: Algorithm,
    *,
    origin: Origin | None = None,
    output: str = "number",
    schema: Schema | None = None,
    data: Sequence[Record] | None = None,
    parameters: Mapping[str, Any] | None = None,
    workspace: Path | None = None,
    allow_pickle: bool = False,
    limits: Limits | None = None,
) -> Case:
    """Return a case; what is not given is made up, a schema from what a model file tells of itself."""
    home, given = (workspace or Path(tempfile.gettempdir())).resolve(), dict(parameters or {})
    told = None
    if schema is None:
        told = told_by(algorithm, given, home, allow_pickle=allow_pickle)
    if told is not None:
        schema, given = schema_of(told, OUTPUTS[output]), {**told.parameters, **given}
    whole = made_up_schema(output) if schema is None else schema
    records = made_up_records(whole) if data is None else _checked(whole, data)
    other = made_up_records(whole, ASKED_ROWS, seed=1) if data is None else records[:ASKED_ROWS]
    return Case(
        algorithm=algorithm,
        origin=origin_of(algorithm) if origin is None else origin,
        schema=whole,
        parameters=given,
        records=records,
        asked=inputs_of(whole, other),
        workspace=home,
        allow_pickle=allow_pickle,
        limits=limits or Limits(),
    )


def _checked(schema: Schema, data: Sequence[Mapping[str, Any]]) -> list[Record]:
    records = [dict(one) for one in data]
    missing = {name for name in schema.output for one in records if one.get(name) is None}
    if missing or not records:
        raise InvalidData(
            "The contract's `data` is no list of records that each hold "
            f"{', '.join(schema.output)}: give inputs and outputs together."
        )
    return records


def promise(schema: Schema) -> str:
    """Return how the outputs of a schema are to be answered."""
    return " ".join(_promise(name, one) for name, one in schema.output.items())


def _promise(name: str, one: Field) -> str:
    if one.type is FieldType.CATEGORY:
        return (
            f"Return {name!r} as probabilities of shape (records, {len(one.values)}), columns in "
            "the order of the field's values and rows adding up to 1, or as indices of shape (records,)."
        )
    if one.type is FieldType.BOOLEAN:
        return f"Return {name!r} as the probability of true, 0..1, of shape (records,)."
    return f"Return {name!r} as finite numbers of shape (records,)."
