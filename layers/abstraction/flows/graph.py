"""The graph of a flow: its steps in an order in which they can run, wired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minerva.layers.abstraction.flows.declaration import StepDeclaration
from minerva.layers.abstraction.flows.levels import Level
from minerva.layers.abstraction.flows.making import Making, with_key
from minerva.layers.abstraction.flows.sources import FLOW, Condition, Source
from minerva.schema import Field, Schema
from minerva.step import Fields


@dataclass(frozen=True, eq=False)
class Node:
    """A step in its place."""

    name: str
    declared: StepDeclaration
    making: Making
    wires: Mapping[str, Source]
    needs: frozenset[str]
    """Steps that must be done before."""
    taken: Fields
    made: Fields
    given: Level
    """The level of the rows that it gets."""
    runs: Level
    level: Level
    """The level of the rows that it makes."""
    condition: Condition | None

    @property
    def outside(self) -> bool:
        """Whether it reads or changes what is outside."""
        kind = getattr(self.making, "kind", None)
        return self.declared.collect is not None or bool(getattr(kind, "outside", False))


@dataclass(frozen=True, eq=False)
class Graph:
    """All of a flow."""

    schema: Schema
    nodes: Sequence[Node]
    """In an order in which they can run."""
    answer: Mapping[str, Source]

    def node(self, name: str) -> Node:
        """Return a step. Raises KeyError."""
        return next(node for node in self.nodes if node.name == name)

    def field(self, source: Source) -> Field:
        """Return what a source holds. Raises KeyError."""
        if source.step == FLOW:
            return with_key(self.schema)[source.field]
        return self.node(source.step).made[source.field]

    def before(self, names: Sequence[str]) -> set[str]:
        """Return some steps and all that they need."""
        found: set[str] = set()
        for node in reversed(self.nodes):
            if node.name in names or node.name in found:
                found |= {node.name, *node.needs}
        return found

    @property
    def learns(self) -> bool:
        """Whether some step learns in training."""
        return any(node.making.learns for node in self.nodes)
