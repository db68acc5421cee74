"""Training a flow: each step that learns does so in turn, on what the steps before made of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from minerva.algorithm import TrainingContext, TrainingData
from minerva.errors import Fault, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.flows.engine import Engine
from minerva.layers.abstraction.flows.graph import Node
from minerva.layers.abstraction.flows.kept import SharedStep, listed
from minerva.layers.abstraction.flows.learnt import model_context, model_schema
from minerva.layers.abstraction.flows.levels import RECORDS
from minerva.layers.abstraction.flows.making import OfAlgorithm, OfFlow, OfKind
from minerva.layers.abstraction.flows.model import FlowModel
from minerva.layers.abstraction.flows.rows import Places, State
from minerva.layers.abstraction.flows.trace import Trace
from minerva.layers.abstraction.flows.work import Work
from minerva.schema import Batch
from minerva.step import Items, Learns


@dataclass(frozen=True, eq=False)
class Learning:
    """One training of a flow."""

    model: FlowModel
    data: TrainingData
    context: TrainingContext

    def run(self) -> None:
        """Have the steps learn, in the order in which they run. Raises what they raise."""
        model = self.model
        learners = [node for node in model.graph.nodes if node.making.learns]
        for node in learners:
            if isinstance(node.making, OfAlgorithm) and node.level != RECORDS:
                fault = Fault(f"/parameters/steps/{node.name}/each", "leave it out")
                message = f"Step {node.name!r} learns one truth for each record, not for its rows."
                raise InvalidConfiguration(message, faults=[fault])
        if not learners:
            return
        only = model.graph.before([node.name for node in learners])
        engine = Engine(model.graph, self._work, model.crew, model.cache)
        volume = model.volume("0" * 32)
        try:
            engine.run(State(self.data.inputs), volume, Trace(), only)
        finally:
            volume.remove()

    def _work(self, node: Node, items: Items, rows: Places) -> Work:
        """Have a step learn from its items, the first time that it is to work on them."""
        making, learnt = node.making, self.model.works.learnt
        if isinstance(making, OfAlgorithm):
            learnt.models[node.name] = self._learn(making, node, items, rows)
        elif isinstance(making, OfFlow):
            self._copy(node)
        elif isinstance(making, OfKind) and isinstance(making.kind, Learns):
            learnt.arrays[node.name] = self._fit(node, making.kind, items)
        return self.model.work(node, items, rows)

    def _fit(self, node: Node, kind: Learns, items: Items) -> Mapping[str, Any]:
        if not len(items):
            raise InvalidData(f"Step {node.name!r} of the flow has no rows to learn from.")
        work = self.model.works.kind_work(node)
        context = work.context(self.model.volume("0" * 32), np.inf, {})
        arrays = {name: np.asarray(one) for name, one in kind.fit(items, context).items()}
        objects = [name for name, one in arrays.items() if one.dtype == object]
        if objects:
            raise InvalidData(f"Step {node.name!r} remembers objects, not arrays: {objects[0]}.")
        return arrays

    def _learn(self, making: OfAlgorithm, node: Node, items: Items, rows: Places) -> Any:
        schema = model_schema(making, node)
        truth = {making.output: self.data.targets[making.output][rows]}
        batch = Batch(schema, items.columns, len(items))
        inner = model_context(making, node, self.context)
        context = replace(self.context, schema=inner.schema, parameters=inner.parameters)
        return making.algorithm.train(TrainingData(batch, truth), context)

    def _copy(self, node: Node) -> None:
        """Take what another flow's step has learnt, and how it works."""
        service, _, step = node.declared.kind.partition(".")
        other = self.model.works.house.flow(service)
        theirs, learnt = other.node(step), other.works.learnt
        kind = learnt.shared.get(step)
        named = theirs.declared.kind if kind is None else kind.kind
        parameters = theirs.declared.parameters if kind is None else kind.parameters
        mine = self.model.works.learnt
        mine.arrays[node.name] = learnt.arrays.get(step, {})
        mine.shared[node.name] = SharedStep(
            kind=named,
            parameters=msgspec.to_builtins(parameters),
            taken=listed(theirs.taken),
            made=listed(theirs.made),
            origin=f"{service}.{step}",
        )
