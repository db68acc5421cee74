"""The algorithm `flow`: a graph of small steps that is versioned, served and watched like any model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from minerva.algorithm import Algorithm, Context, TrainingContext, TrainingData
from minerva.errors import InvalidConfiguration
from minerva.hookspecs import hookimpl
from minerva.layers.abstraction.flows import kept as files
from minerva.layers.abstraction.flows.declaration import FlowParameters, StepDeclaration
from minerva.layers.abstraction.flows.graph import Graph
from minerva.layers.abstraction.flows.house import House
from minerva.layers.abstraction.flows.kept import Kept, fields_of
from minerva.layers.abstraction.flows.learning import Learning
from minerva.layers.abstraction.flows.learnt import Learnt, load
from minerva.layers.abstraction.flows.making import (
    Making,
    OfFlow,
    OfKind,
    OfService,
    resolve,
)
from minerva.layers.abstraction.flows.model import FlowModel
from minerva.layers.abstraction.flows.wiring import build
from minerva.layers.abstraction.flows.works import Works
from minerva.layers.abstraction.plugins.snapshot import carried
from minerva.layers.abstraction.plugins.source import Source
from minerva.schema import Schema
from minerva.step import Learns, Step


class Flow(Algorithm):
    """A pipeline of small steps: collectors, transformers, services and what follows them."""

    name = "flow"
    Parameters = FlowParameters
    runtime = "inline"

    def learns(self, parameters: FlowParameters, steps: Mapping[tuple[str, str], Any]) -> bool:
        """Tell whether some step learns in training; satisfies `MadeOfSteps`."""
        return any(_learns(one, steps) for one in parameters.steps.values())

    def repeats(self, parameters: FlowParameters, steps: Mapping[tuple[str, str], Any]) -> bool:
        """Tell whether it answers alike as long as it is the same; satisfies `MadeOfSteps`."""
        return all(_repeats(one, steps) for one in parameters.steps.values())

    def kinds(self, parameters: FlowParameters) -> list[tuple[str, str]]:
        """Return the kinds of steps that plugins bring; satisfies `MadeOfSteps`."""
        return [(one.role, one.kind) for one in parameters.steps.values() if len(one.roles) == 1]

    def train(self, data: TrainingData, context: TrainingContext) -> FlowModel:
        """Wire the flow and have its steps learn. Raises InvalidConfiguration, InvalidData."""
        house = _house(context)
        graph = wired(context.parameters, context.schema, house)
        kept = Kept(
            services={
                node.name: node.making.schema.to_json()
                for node in graph.nodes
                if isinstance(node.making, OfService)
            },
            order=files.order_of(context.parameters),
        )
        learnt = Learnt()
        model = _model(graph, context, kept, learnt)
        Learning(model, data, context).run()
        sources = _sources(graph, learnt, house)
        plugins = {said: source.digest for said, source in sources.items()}
        model.kept = msgspec.structs.replace(kept, shared=dict(learnt.shared), plugins=plugins)
        model.sources = list(sources.values())
        model.effects = False
        return model

    def load(self, folder: Path, context: Context) -> FlowModel:
        """Wire it again with what its version keeps of others, and read what its steps have learnt."""
        kept = files.read(folder)
        house = _house(context).owning(_own_steps(folder, kept))
        context = replace(context, house=house)
        context = replace(context, parameters=files.as_written(context.parameters, kept.order))

        def known(name: str, declared: StepDeclaration) -> Making:
            if name in kept.services:
                return OfService(Schema.parse(kept.services[name]))
            if name in kept.shared:
                shared = kept.shared[name]
                return OfFlow(fields_of(shared.taken), fields_of(shared.made))
            return resolve(declared, house, context.schema)

        graph = build(context.parameters, context.schema, known)
        return _model(graph, context, kept, load(folder, graph, kept, context))


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Flow()]


def wired(parameters: FlowParameters, schema: Schema, house: House) -> Graph:
    """Wire a flow by what the house is now. Raises InvalidConfiguration."""
    return build(parameters, schema, lambda _, declared: resolve(declared, house, schema))


def _model(graph: Graph, context: Context, kept: Kept, learnt: Learnt) -> FlowModel:
    house = _house(context)
    told = msgspec.json.encode([context.parameters, kept], order="deterministic")
    fingerprint = sha256(told).hexdigest()
    works = Works(context.service, house, context.workspace, context.threads, learnt, fingerprint)
    root = house.volumes / context.service
    return FlowModel(context.service, context.parameters, graph, works, kept, root)


def _sources(graph: Graph, learnt: Learnt, house: House) -> dict[str, Source]:
    """Return ROLE: KIND → source of the workspace's plugin that brings it."""
    named = {
        (node.declared.role, node.declared.kind)
        for node in graph.nodes
        if isinstance(node.making, OfKind)
    }
    named |= {("features", shared.kind) for shared in learnt.shared.values()}
    found = {f"{role}: {kind}": house.source(role, kind) for role, kind in sorted(named)}
    return {said: source for said, source in found.items() if source is not None}


def _own_steps(folder: Path, kept: Kept) -> dict[tuple[str, str], Step]:
    """Return the steps of which the version holds a copy. Raises Conflict, AlgorithmFailed."""
    own: dict[tuple[str, str], Step] = {}
    for said, digest in kept.plugins.items():
        copied = carried(files.plugin_folder(folder, digest), f"step '{said}'")
        own |= {(step.role, step.name): step for step in copied.steps}
    return own


def _house(context: Context) -> House:
    house: House | None = context.house
    if house is None:
        raise InvalidConfiguration(
            "A flow works inside a sidecar only: it is made of its services."
        )
    return house


def _learns(declared: StepDeclaration, steps: Mapping[tuple[str, str], Any]) -> bool:
    if declared.learn is not None:
        return True
    if declared.features is None:
        return False
    kind = steps.get(("features", declared.features))
    return "." in declared.features or isinstance(kind, Learns)


def _repeats(declared: StepDeclaration, steps: Mapping[tuple[str, str], Any]) -> bool:
    if declared.where != "here" or not declared.roles or declared.collect is not None:
        return False
    if declared.role in {"learn", "features"}:
        return True
    kind = steps.get((declared.role, declared.kind))
    return kind is not None and not kind.outside
