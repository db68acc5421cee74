"""Wiring a flow: from what its YAML says to a graph, checked by type before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.errors import Fault, InvalidConfiguration, MinervaError
from minerva.layers.abstraction.flows.declaration import FlowParameters, StepDeclaration
from minerva.layers.abstraction.flows.fitting import misfit
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.levels import RECORDS, Level, place
from minerva.layers.abstraction.flows.making import Making, values_of, with_key
from minerva.layers.abstraction.flows.order import ordered
from minerva.layers.abstraction.flows.sources import (
    FLOW,
    Condition,
    Source,
    read_condition,
    read_source,
)
from minerva.schema import Field, FieldType, Schema
from minerva.schema.value import checker
from minerva.spelling import hint
from minerva.step import Fields

Resolve = Callable[[str, StepDeclaration], Making]
"""Returns what a step of a name takes and makes. Raises InvalidConfiguration, NotFound."""


def build(parameters: FlowParameters, schema: Schema, resolve: Resolve) -> Graph:
    """Wire a flow. Raises InvalidConfiguration with all that is wrong, as far as it can be known."""
    faults = [*_wrong_roles(parameters)]
    _refuse(faults)
    needs = {
        name: _needs(name, one, parameters, schema, faults)
        for name, one in parameters.steps.items()
    }
    _refuse(faults)
    building = _Building(parameters, schema, resolve, {})
    for name in ordered(needs):
        faults.extend(building.add(name, needs[name]))
    _refuse(faults)
    return building.finished(faults)


@dataclass
class _Building:
    parameters: FlowParameters
    schema: Schema
    resolve: Resolve
    nodes: dict[str, Node]

    def add(self, name: str, needs: frozenset[str]) -> list[Fault]:
        """Wire one step, all that it needs being there; return what is wrong with it."""
        if not needs <= self.nodes.keys():
            return []  # what it needs is told already
        where = f"/parameters/steps/{name}"
        try:
            node = self._node(name, self.parameters.steps[name], needs)
        except MinervaError as error:
            told = [Fault(f"{where}{one.where}", one.message) for one in error.faults]
            return told or [Fault(where, error.message)]
        self.nodes[name] = node
        return [Fault(f"{where}{one.where}", one.message) for one in _wrong_default(node)]

    def _node(self, name: str, declared: StepDeclaration, needs: frozenset[str]) -> Node:
        making = self.resolve(name, declared)
        wires = self._wires(declared, making.asks(), needs)
        wired = {one: self._field(source, f"/inputs/{one}") for one, source in wires.items()}
        taken = making.takes(wired)
        _refuse(
            [
                Fault(f"/inputs/{one}", f"{wires[one]} {wrong}")
                for one, target in taken.items()
                if (wrong := misfit(wired[one], target)) is not None
            ]
        )
        base = RECORDS if declared.each is None else self._each(declared.each)
        levels = {one: self._level(source) for one, source in wires.items()}
        if declared.cache_s is not None and making.shape != "map":
            raise InvalidConfiguration(
                "Only a step that makes one row of each row can be remembered.",
                faults=[Fault("/cache_s", "does not fit this step")],
            )
        given, runs, level = place(making.shape, base, levels, name)
        condition = self._condition(declared, runs)
        return Node(
            name, declared, making, wires, needs, taken, making.makes(taken), given, runs, level,
            condition,
        )  # fmt: skip

    def _wires(
        self, declared: StepDeclaration, asks: Fields | None, needs: frozenset[str]
    ) -> dict[str, Source]:
        """Return where each input comes from: as declared, else from what is called the same."""
        steps = self.parameters.steps
        wires = {one: read_source(text, steps) for one, text in declared.inputs.items()}
        near = [name for name in self.nodes if name in needs]
        if asks is None:
            return wires or self._all_of(near)
        for one in asks:
            if one not in wires:
                made = [name for name in reversed(near) if one in self.nodes[name].made]
                if made:
                    wires[one] = Source(made[0], one)
                elif one in with_key(self.schema):
                    wires[one] = Source(FLOW, one)
        return wires

    def _all_of(self, near: Sequence[str]) -> dict[str, Source]:
        found = {name: Source(FLOW, name) for name in self.schema.features}
        if near:
            found = {one: Source(step, one) for step in near for one in self.nodes[step].made}
        return found

    def _each(self, step: str) -> Level:
        level = self.nodes[step].level
        if level == RECORDS:
            message = f"{step} makes one row for each record: leave `each` out"
            raise InvalidConfiguration(
                "There is nothing to go through.", faults=[Fault("/each", message)]
            )
        return level

    def _field(self, source: Source, where: str = "") -> Field:
        """Return what a source holds. Raises InvalidConfiguration if its step does not make it."""
        if source.step == FLOW:
            return with_key(self.schema)[source.field]
        made = self.nodes[source.step].made
        if source.field not in made:
            fault = f"step {source.step} makes no {source.field}; {hint(source.field, made)}"
            raise InvalidConfiguration("A field is not made.", faults=[Fault(where, fault)])
        return made[source.field]

    def _level(self, source: Source) -> Level:
        return RECORDS if source.step == FLOW else self.nodes[source.step].level

    def _condition(self, declared: StepDeclaration, runs: Level) -> Condition | None:
        if declared.when is None:
            return None
        condition = read_condition(declared.when, self.parameters.steps)
        if self._field(condition.source, "/when").type is not FieldType.BOOLEAN:
            raise InvalidConfiguration(
                "A condition is a yes or no.", faults=[Fault("/when", "is no boolean field")]
            )
        theirs = self._level(condition.source)
        if runs[: len(theirs)] != theirs:
            raise InvalidConfiguration(
                "A condition belongs to other rows.", faults=[Fault("/when", "has rows of its own")]
            )
        if declared.default is None and runs == RECORDS:
            raise InvalidConfiguration(
                "Records that are left out need an answer too.",
                faults=[Fault("/default", "is missing: say what its outputs are then")],
            )
        return condition

    def finished(self, faults: list[Fault]) -> Graph:
        """Return the graph with its answer. Raises InvalidConfiguration."""
        answer = {}
        for name, field in self.schema.output.items():
            source = self._answering(name)
            where = f"/parameters/answer/{name}"
            if source is None:
                faults.append(Fault(where, "no step makes it: name STEP.FIELD"))
                continue
            answer[name] = source
            wrong = self._wrong_answer(source, field)
            if wrong is not None:
                faults.append(Fault(where, wrong))
        faults += [
            Fault(f"/parameters/answer/{name}", f"unknown; {hint(name, self.schema.output)}")
            for name in self.parameters.answer
            if name not in self.schema.output
        ]
        _refuse(faults)
        return Graph(self.schema, tuple(self.nodes.values()), answer)

    def _answering(self, name: str) -> Source | None:
        said = self.parameters.answer.get(name)
        if said is not None:
            return read_source(said, self.parameters.steps)
        last = [node for node in self.nodes.values() if name in node.made]
        return Source(last[-1].name, name) if last else None

    def _wrong_answer(self, source: Source, field: Field) -> str | None:
        if source.step == FLOW or source.field not in self.nodes[source.step].made:
            known = [f"{node.name}.{one}" for node in self.nodes.values() for one in node.made]
            return f"{source} is made by no step; {hint(str(source), known)}"
        if self._level(source) != RECORDS:
            return f"{source} has several rows for a record: gather them"
        made = self._field(source)
        if made.nullable:
            return f"{source} may be missing: fill it in, or give its step a `default`"
        return misfit(made, field)


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise InvalidConfiguration("The flow cannot be used.", faults=list(faults))


def _wrong_roles(parameters: FlowParameters) -> Iterator[Fault]:
    for name, declared in parameters.steps.items():
        where = f"/parameters/steps/{name}"
        if len(declared.roles) != 1:
            said = " and ".join(declared.roles) or "none"
            yield Fault(
                where,
                f"needs one role, collect, handle, features, predict, learn or post; it has {said}",
            )


def _needs(
    name: str,
    declared: StepDeclaration,
    parameters: FlowParameters,
    schema: Schema,
    faults: list[Fault],
) -> frozenset[str]:
    """Return the steps that must be done before; what names nothing becomes a fault."""
    steps = parameters.steps
    where = f"/parameters/steps/{name}"
    needed: dict[str, None] = {}
    named = [(f"/needs/{at}", one) for at, one in enumerate(declared.needs)]
    named += [("/each", declared.each)] if declared.each else []
    for place_, one in named:
        if one in steps:
            needed[one] = None
        else:
            faults.append(Fault(f"{where}{place_}", f"there is no such step; {hint(one, steps)}"))
    texts = {f"/inputs/{one}": text for one, text in declared.inputs.items()}
    if declared.when is not None:
        texts["/when"] = declared.when
    for place_, text in texts.items():
        source = (
            read_condition(text, steps).source if place_ == "/when" else read_source(text, steps)
        )
        if source.step != FLOW:
            needed[source.step] = None
        elif source.field not in with_key(schema):
            known = (*steps, *with_key(schema))
            said = hint(source.field.partition(".")[0], known)
            message = f"{source.field} is neither an input of the flow nor STEP.FIELD; {said}"
            faults.append(Fault(f"{where}{place_}", message))
    return frozenset(needed)


def _wrong_default(node: Node) -> Iterator[Fault]:
    default: dict[str, Any] | None = node.declared.default
    if default is None:
        return
    chances = {f"{name}.{value}" for name, one in node.made.items() for value in values_of(one)}
    for name in default:
        if name not in node.made or name in chances:
            yield Fault(f"/default/{name}", f"unknown; {hint(name, node.made)}")
    for name, field in node.made.items():
        if name in default and (wrong := checker(field)(default[name])) is not None:
            yield Fault(f"/default/{name}", wrong)
        elif name not in default and name not in chances and not field.nullable:
            yield Fault(f"/default/{name}", "is missing")
