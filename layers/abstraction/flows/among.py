"""A flow among the other services of its workspace: whether what they give is what its steps take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from minerva.algorithm import Algorithm
from minerva.errors import Fault, InvalidConfiguration, NotFound
from minerva.layers.abstraction.flows.declaration import FlowParameters, StepDeclaration
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.making import resolve
from minerva.layers.abstraction.flows.tenant_house import find_step
from minerva.layers.abstraction.flows.wiring import build
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.schema import Schema
from minerva.spelling import hint
from minerva.step import Step

FLOW = "flow"
Services = Mapping[str, ServiceDeclaration]


@dataclass(frozen=True)
class FlowCheck:
    """Checks flows before anything runs."""

    catalogue: Callable[[], Catalogue]

    def __call__(self, declaration: ServiceDeclaration, services: Services) -> None:
        """Raise InvalidConfiguration with all that is wrong, if it is a flow and something is."""
        if declaration.algorithm == FLOW:
            refuse_circles(declaration, services)
            drawn(declaration, services, self.catalogue())


def drawn(declaration: ServiceDeclaration, services: Services, catalogue: Catalogue) -> Graph:
    """Return a flow's graph by what is declared. Raises InvalidConfiguration."""
    house = DeclaredHouse(services, catalogue)
    parameters = msgspec.convert(declaration.parameters, FlowParameters)
    schema = declaration.schema

    def known(_: str, declared: StepDeclaration) -> Any:
        return resolve(declared, house, schema)

    return build(parameters, schema, known)


@dataclass(frozen=True)
class DeclaredHouse:
    """What steps are made of, as far as files tell; nothing can be asked."""

    services: Services
    catalogue: Catalogue

    def step(self, role: str, name: str) -> Step:
        """Return a kind of step. Raises InvalidConfiguration."""
        return find_step(self.catalogue, role, name)

    def algorithm(self, name: str) -> Algorithm:
        """Return an algorithm. Raises InvalidConfiguration."""
        return self.catalogue.find(name)

    def schema(self, service: str) -> Schema:
        """Return what a service takes and gives. Raises NotFound."""
        return self._service(service).schema

    def flow(self, service: str) -> DeclaredFlow:
        """Return another flow. Raises NotFound, InvalidConfiguration."""
        other = self._service(service)
        if other.algorithm != FLOW:
            raise NotFound(f"Service {service!r} is no flow.")
        return DeclaredFlow(service, drawn(other, self.services, self.catalogue))

    def _service(self, name: str) -> ServiceDeclaration:
        if name not in self.services:
            raise NotFound(f"There is no service {name!r}; {hint(name, self.services)}")
        return self.services[name]


@dataclass(frozen=True)
class DeclaredFlow:
    """A flow that is only declared."""

    name: str
    graph: Graph

    def node(self, step: str) -> Node:
        """Return a step. Raises NotFound."""
        names = [node.name for node in self.graph.nodes]
        if step not in names:
            raise NotFound(f"Flow {self.name!r} has no step {step!r}; {hint(step, names)}")
        return self.graph.node(step)


def asked(declared: Any) -> list[str]:
    """Return the services that a flow's steps ask, or take a step of; of what a service file says."""
    if not isinstance(declared, Mapping) or declared.get("algorithm") != FLOW:
        return []
    parameters = declared.get("parameters")
    steps: Any = parameters.get("steps") if isinstance(parameters, Mapping) else None
    found = []
    for step in steps.values() if isinstance(steps, dict) else ():
        if isinstance(step, dict):
            found += [step["predict"]] if isinstance(step.get("predict"), str) else []
            shared = step.get("features")
            found += [shared.partition(".")[0]] if isinstance(shared, str) and "." in shared else []
    return found


def _asked_by(declaration: ServiceDeclaration) -> list[str]:
    return asked({"algorithm": declaration.algorithm, "parameters": declaration.parameters})


def in_order(declarations: Sequence[ServiceDeclaration]) -> list[ServiceDeclaration]:
    """Return services so that those that a flow asks stand before it; circles as they are."""
    named = {one.service: one for one in declarations}
    placed: dict[str, ServiceDeclaration] = {}

    def place(names: Iterable[str], way: frozenset[str]) -> None:
        for name in names:
            if name in named and name not in placed and name not in way:
                place(_asked_by(named[name]), way | {name})
                placed[name] = named[name]

    place(named, frozenset())
    return list(placed.values())


def refuse_circles(declaration: ServiceDeclaration, services: Services) -> None:
    """Raise InvalidConfiguration if a flow asks itself, by whatever way."""

    def follow(name: str, way: tuple[str, ...]) -> None:
        for other in _asked_by(services[name]) if name in services else ():
            if other == declaration.service:
                said = " → ".join((*way, other))
                raise InvalidConfiguration(
                    "A flow cannot ask itself.",
                    faults=[Fault("/parameters/steps", f"go round in a circle: {said}")],
                )
            if other not in way:
                follow(other, (*way, other))

    follow(declaration.service, (declaration.service,))
