"""What each role of a step takes and makes: known before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from minerva.algorithm import Algorithm
from minerva.conversion import explained
from minerva.errors import Fault, InvalidConfiguration, MinervaError
from minerva.layers.abstraction.flows.declaration import StepDeclaration
from minerva.layers.abstraction.flows.house import Parts
from minerva.schema import Field, FieldType, Schema
from minerva.spelling import hint
from minerva.step import Fields, Learns, Shape, Step

CHANCE = Field(type=FieldType.NUMBER, minimum=0, maximum=1)
SERVICE_BATCH = 1_000
"""Rows that a service or a model is asked about at once."""


class Making(Protocol):
    """What a step takes and makes."""

    @property
    def shape(self) -> Shape:
        """Tell how rows relate: see `minerva.step.Step`."""

    @property
    def batch(self) -> int:
        """Tell how many rows it is given at once at most."""

    @property
    def learns(self) -> bool:
        """Tell whether training has a part in it."""

    def asks(self) -> Fields | None:
        """Return the inputs that it knows by name, None if it takes whatever it is given."""

    def takes(self, wired: Fields) -> Fields:
        """Return the fields that it gets its inputs as. Raises InvalidConfiguration."""

    def makes(self, taken: Fields) -> Fields:
        """Return the fields that it makes. Raises InvalidConfiguration."""


@dataclass(frozen=True)
class OfKind:
    """A kind of step with its parameters."""

    kind: Step
    parameters: Any

    @property
    def shape(self) -> Shape:
        """See `Making`."""
        return self.kind.shape

    @property
    def batch(self) -> int:
        """See `Making`."""
        return self.kind.batch

    @property
    def learns(self) -> bool:
        """See `Making`."""
        return isinstance(self.kind, Learns)

    def asks(self) -> Fields | None:
        """Return its inputs, each as the first of the types that it may have."""
        if not self.kind.inputs:
            return None
        return {name: _example(types[0]) for name, types in self.kind.inputs.items()}

    def takes(self, wired: Fields) -> Fields:
        """Return what is wired, if the kind can work on it."""
        faults = [*self._wrong(wired)]
        if faults:
            raise InvalidConfiguration("The inputs do not fit.", faults=faults)
        return wired

    def makes(self, taken: Fields) -> Fields:
        """Return what the kind says."""
        try:
            return dict(self.kind.outputs(taken, self.parameters))
        except MinervaError:
            raise
        except Exception as error:
            raise InvalidConfiguration(
                f"{self.kind.role}: {self.kind.name} could not say what it makes: "
                f"{type(error).__name__}."
            ) from error

    def _wrong(self, wired: Fields) -> Iterator[Fault]:
        wanted = self.kind.inputs
        for name, one in wired.items():
            if not wanted:
                continue
            if name not in wanted:
                yield Fault(f"/inputs/{name}", f"unknown; {hint(name, wanted)}")
            elif one.type.value not in wanted[name]:
                types = " or ".join(wanted[name])
                yield Fault(f"/inputs/{name}", f"is of type {one.type.value}; it must be {types}")
        yield from (
            Fault(f"/inputs/{name}", "is missing: name the field that it is")
            for name in wanted
            if name not in wired
        )


@dataclass(frozen=True)
class OfService:
    """A service that is asked."""

    schema: Schema
    shape: Shape = "map"
    batch: int = SERVICE_BATCH
    learns: bool = False

    def asks(self) -> Fields:
        """Return the service's inputs, and its key."""
        return with_key(self.schema)

    def takes(self, wired: Fields) -> Fields:
        """Return the service's own fields for what is wired."""
        known = self.asks()
        faults = [
            Fault(f"/inputs/{name}", f"unknown; {hint(name, known)}")
            for name in wired
            if name not in known
        ]
        faults += [
            Fault(f"/inputs/{name}", "is missing: name the field that it is")
            for name, one in known.items()
            if one.required and name not in wired
        ]
        if faults:
            raise InvalidConfiguration("The inputs do not fit the service.", faults=faults)
        return {name: known[name] for name in wired}

    def makes(self, taken: Fields) -> Fields:
        """Return its outputs and the chances that go with them."""
        del taken
        return with_chances(self.schema.output)


@dataclass(frozen=True)
class OfAlgorithm:
    """A model that is learnt in the flow's own training."""

    algorithm: Algorithm
    parameters: Any
    output: str
    answers: Field
    shape: Shape = "map"
    batch: int = SERVICE_BATCH
    learns: bool = True

    def asks(self) -> None:
        """Take whatever it is given."""

    def takes(self, wired: Fields) -> Fields:
        """Return what is wired: it learns from that."""
        if not wired:
            raise InvalidConfiguration(
                "It has nothing to learn from.", faults=[Fault("/inputs", "none are named")]
            )
        return wired

    def makes(self, taken: Fields) -> Fields:
        """Return the output and its chances."""
        del taken
        return with_chances({self.output: self.answers})


@dataclass(frozen=True)
class OfFlow:
    """The fitted step of another flow."""

    taken: Fields
    made: Fields
    learns: bool = True
    """In training it is copied."""
    shape: Shape = "map"
    batch: int = SERVICE_BATCH

    def asks(self) -> Fields:
        """Return what the other flow's step takes."""
        return self.taken

    def takes(self, wired: Fields) -> Fields:
        """Return the other's fields: it takes what it was fitted on."""
        faults = [
            Fault(f"/inputs/{name}", "is missing: name the field that it is")
            for name in self.taken
            if name not in wired
        ]
        faults += [
            Fault(f"/inputs/{name}", f"unknown; {hint(name, self.taken)}")
            for name in wired
            if name not in self.taken
        ]
        if faults:
            raise InvalidConfiguration("The inputs do not fit the shared step.", faults=faults)
        return self.taken

    def makes(self, taken: Fields) -> Fields:
        """Return what the other's makes."""
        del taken
        return self.made


def resolve(declared: StepDeclaration, house: Parts, schema: Schema) -> Making:
    """Return what a step takes and makes. Raises InvalidConfiguration, NotFound."""
    role, kind = declared.role, declared.kind
    if role == "predict":
        return OfService(house.schema(kind))
    if role == "learn":
        return _learning(declared, house, schema)
    if role == "features" and "." in kind:
        service, _, step = kind.partition(".")
        node = house.flow(service).node(step)
        return OfFlow(node.taken, node.made)
    found = house.step(role, kind)
    parameters = read_as(declared.parameters, found.Parameters, f"{role}: {kind}")
    return OfKind(found, parameters)


def _learning(declared: StepDeclaration, house: Parts, schema: Schema) -> OfAlgorithm:
    algorithm = house.algorithm(declared.kind)
    output = declared.output or schema.target()[0]
    if output not in schema.output:
        said = hint(output, schema.output)
        raise InvalidConfiguration(
            "It learns what the flow does not answer.",
            faults=[Fault("/output", f"unknown; {said}")],
        )
    if algorithm.runtime == "process" or algorithm.requirements:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} works in a process of its own: make it a service, "
            "and ask that by `predict:`.",
            faults=[Fault("/learn", "cannot be a part of a flow")],
        )
    parameters = read_as(declared.parameters, algorithm.Parameters, algorithm.name)
    return OfAlgorithm(algorithm, parameters, output, schema.output[output])


def read_as(declared: dict[str, Any], kind: type[Any], name: str) -> Any:
    """Return declared parameters as a step or algorithm has them. Raises InvalidConfiguration."""
    try:
        return msgspec.convert(declared, kind)
    except msgspec.ValidationError as error:
        faults = explained(error, declared, kind, "/parameters")
        raise InvalidConfiguration(f"The parameters do not fit {name}.", faults=faults) from error


def with_key(schema: Schema) -> dict[str, Field]:
    """Return inputs and key, as text."""
    key = {} if schema.key is None else {schema.key: Field(type=FieldType.TEXT)}
    return {**key, **schema.inputs}


def with_chances(outputs: Fields) -> dict[str, Field]:
    """Return outputs, and behind a category and a boolean the chance of each value."""
    made: dict[str, Field] = {}
    for name, one in outputs.items():
        made[name] = one
        made |= {f"{name}.{value}": CHANCE for value in values_of(one)}
    return made


def values_of(field: Field) -> tuple[str, ...]:
    """Return the texts of the values that have a chance each."""
    if field.type is FieldType.CATEGORY:
        return tuple(map(str, field.values))
    return ("true",) if field.type is FieldType.BOOLEAN else ()


def _example(type_: str) -> Field:
    values = ("",) if type_ == FieldType.CATEGORY else ()
    return Field(type=FieldType(type_), values=values)
