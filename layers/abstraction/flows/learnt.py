"""What steps have learnt: arrays of a kind of step, or a model; made in training, kept with the version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from minerva.algorithm import Algorithm, Context, Model
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.kept import (
    Kept,
    SharedStep,
    read_learnt,
    step_folder,
    write_learnt,
)
from minerva.layers.abstraction.flows.making import OfAlgorithm
from minerva.schema import Schema

MODEL = "model"


@dataclass(frozen=True, eq=False)
class Learnt:
    """Step → what it has learnt."""

    arrays: dict[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    shared: dict[str, SharedStep] = field(default_factory=dict)
    """Those that were copied from other flows; their arrays stand among the rest."""

    def save(self, folder: Path) -> None:
        """Write all of it into a version's folder."""
        for step, arrays in self.arrays.items():
            write_learnt(folder, step, arrays)
        for step, model in self.models.items():
            place = step_folder(folder, step) / MODEL
            place.mkdir(parents=True)
            model.save(place)


def load(folder: Path, graph: Graph, kept: Kept, context: Context) -> Learnt:
    """Read back what was saved. Raises what the algorithms raise, InvalidData for damaged files."""
    learnt = Learnt(shared=dict(kept.shared))
    for node in graph.nodes:
        making = node.making
        if isinstance(making, OfAlgorithm):
            inner = model_context(making, node, context)
            place = step_folder(folder, node.name) / MODEL
            learnt.models[node.name] = making.algorithm.load(place, inner)
        elif making.learns:
            learnt.arrays[node.name] = read_learnt(folder, node.name)
    return learnt


def model_schema(making: OfAlgorithm, node: Node) -> Schema:
    """Return the schema of a model within a flow: its inputs, and the output that it learns."""
    return Schema(node.taken, {making.output: making.answers})


def model_context(making: OfAlgorithm, node: Node, context: Context) -> Context:
    """Return what the algorithm of such a model is told."""
    return Context(
        schema=model_schema(making, node),
        parameters=making.parameters,
        workspace=context.workspace,
        threads=context.threads,
        allow_pickle=context.allow_pickle,
    )


def algorithms(graph: Graph) -> dict[str, Algorithm]:
    """Return step → the algorithm that it learns by."""
    found = {node.name: node.making for node in graph.nodes}
    return {n: making.algorithm for n, making in found.items() if isinstance(making, OfAlgorithm)}
