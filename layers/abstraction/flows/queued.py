"""A step on workers: each batch is a job, which any worker of the queue does; the caller waits for all.

The job's row carries names only; items and what is made of them are files in the request's volume.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from minerva.errors import InvalidInput, Unavailable
from minerva.layers.abstraction.flows.graph import Node
from minerva.layers.abstraction.flows.house import House
from minerva.layers.abstraction.flows.packing import (
    pack_items,
    pack_made,
    unpack_items,
    unpack_made,
)
from minerva.layers.abstraction.flows.work import Made, checked
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import Configuration
from minerva.step import Items, Volume

if TYPE_CHECKING:
    from minerva.layers.abstraction.flows.model import FlowModel

KIND = "flow."
PATIENCE_S = 600.0
"""How long a job is waited for where no deadline says it."""


@dataclass(frozen=True, eq=False)
class QueuedWork:
    """Satisfies `Work`."""

    house: House
    flow: str
    node: Node
    queue: str
    fingerprint: str

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Have a worker do it. Raises what it raised, DeadlineExceeded if it takes too long."""
        run: str = getattr(volume, "run", "")
        name = volume.write(f"{self.node.name}-{uuid4().hex}.items", pack_items(items))
        payload = {"run": run, "step": self.node.name, "items": name, "flow": self.fingerprint}
        limit = min(until, time.monotonic() + PATIENCE_S)
        told = self.house.run_job(self.flow, f"{KIND}{self.queue}", payload, limit)
        made = unpack_made(volume.path(str(told["made"])).read_bytes())
        if not made.columns and made.of is None:
            return made
        rows = len(items) if self.node.making.shape == "map" else items.records
        rows = rows if made.of is None else len(made.of)
        failed = made.failed if made.of is None else ()
        return Made(checked(made.columns, self.node.made, rows, failed), made.of, made.failed)


@dataclass(frozen=True)
class QueuedStep:
    """The kind of job that does one batch of a step."""

    queue: Queue
    model_of: Callable[[str, str], FlowModel]
    """Returns the champion of a tenant's flow."""
    apart = True
    backoff = None

    @property
    def name(self) -> str:
        """One kind for each queue."""
        return f"{KIND}{self.queue.value}"

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Take what a flow asks for. Raises InvalidInput for what somebody else does."""
        del configuration
        if set(payload) != {"run", "step", "items", "flow"}:
            raise InvalidInput("Such jobs are parts of a flow's run: nobody else starts them.")
        return payload

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Do it, and name the file in the volume that holds what was made. Repeatable."""
        del attempt
        told = job.payload
        model = self.model_of(job.tenant, job.service)
        if model.fingerprint != told["flow"]:
            raise Unavailable("The flow has another champion meanwhile: ask again.")
        node = model.node(told["step"])
        volume = model.volume(told["run"])
        items = unpack_items(volume.path(told["items"]).read_bytes(), node.taken)
        made = model.works.here(node)(items, volume, float("inf"))
        return {"made": volume.write(f"{told['items']}.made", pack_made(made))}
