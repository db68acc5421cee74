"""Who does the work of each step of a flow: this process, another container, or workers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from minerva.layers.abstraction.flows.declaration import Elsewhere
from minerva.layers.abstraction.flows.graph import Node
from minerva.layers.abstraction.flows.house import House
from minerva.layers.abstraction.flows.learnt import Learnt, model_schema
from minerva.layers.abstraction.flows.making import OfAlgorithm, OfKind, OfService, read_as
from minerva.layers.abstraction.flows.queued import QueuedWork
from minerva.layers.abstraction.flows.remote import Line, RemoteWork
from minerva.layers.abstraction.flows.work import KindWork, ModelWork, ServiceWork, Work
from minerva.layers.abstraction.services.environment import expand_text
from minerva.step import Step

QUEUE = "queue:"


@dataclass(frozen=True, eq=False)
class Works:
    """Makes the works of one flow."""

    flow: str
    """The service that it is."""
    house: House
    workspace: Path
    threads: int
    learnt: Learnt
    fingerprint: str = ""
    """Of what the flow is: workers do nothing for another one."""

    def of(self, node: Node) -> Work:
        """Return who does a step's work, where its declaration says. Raises InvalidConfiguration."""
        where = node.declared.where
        if where == "here":
            return self.here(node)
        if isinstance(where, str) and where.startswith(QUEUE):
            if (
                self.house.on_worker
            ):  # jobs that wait for jobs of their own queue would wait for ever
                return self.here(node)
            queue = where.removeprefix(QUEUE)
            return QueuedWork(self.house, self.flow, node, queue, self.fingerprint)
        declared = where if isinstance(where, Elsewhere) else Elsewhere(url=where)
        key = None
        if declared.key is not None:
            key = expand_text(declared.key, self.house.environment, "flow")
        predicts = isinstance(node.making, OfService)
        name = node.declared.kind if predicts else f"{self.flow}.{node.name}"
        return RemoteWork(Line(declared.url, key), name, node)

    def here(self, node: Node) -> Work:
        """Return who does it in this process."""
        making = node.making
        if isinstance(making, OfService):
            return ServiceWork(self.house, node.declared.kind, making.schema)
        if isinstance(making, OfAlgorithm):
            return ModelWork(self.learnt.models[node.name], model_schema(making, node))
        kind, parameters = self._kind(node)
        learnt = self.learnt.arrays.get(node.name, {})
        return KindWork(kind, parameters, node.made, self.workspace, self.threads, learnt)

    def kind_work(self, node: Node) -> KindWork:
        """Return a kind of step before it has learnt anything."""
        kind, parameters = self._kind(node)
        return KindWork(kind, parameters, node.made, self.workspace, self.threads)

    def _kind(self, node: Node) -> tuple[Step, Any]:
        shared = self.learnt.shared.get(node.name)
        if shared is not None:
            kind, declared = self.house.step("features", shared.kind), shared.parameters
        else:
            assert isinstance(node.making, OfKind)  # noqa: S101 - the only one that is left
            kind, declared = node.making.kind, node.declared.parameters
        expanded = expand_all(declared, self.house)
        return kind, read_as(expanded, kind.Parameters, f"{kind.role}: {kind.name}")


def expand_all(value: Any, house: House) -> Any:
    """Return plain values with `${NAME}` expanded in their texts. Raises InvalidConfiguration."""
    if isinstance(value, str):
        return expand_text(value, house.environment, "flow")
    if isinstance(value, dict):
        return {name: expand_all(one, house) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [expand_all(one, house) for one in value]
    return msgspec.to_builtins(value)
