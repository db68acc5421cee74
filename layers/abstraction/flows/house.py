"""What a flow asks of the house that it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from minerva.algorithm import Algorithm
from minerva.layers.abstraction.plugins.source import Source
from minerva.layers.abstraction.serving.question import Answer
from minerva.schema import Schema
from minerva.schema.columns import Columns
from minerva.step import Step

if TYPE_CHECKING:
    from minerva.layers.abstraction.flows.graph import Node
    from minerva.layers.abstraction.flows.model import FlowModel


class Shared(Protocol):
    """A flow whose steps others may take."""

    def node(self, step: str) -> Node:
        """Return a step. Raises NotFound."""


class Parts(Protocol):
    """What flows are made of, as far as it is declared."""

    def step(self, role: str, name: str) -> Step:
        """Return a kind of step. Raises InvalidConfiguration."""

    def algorithm(self, name: str) -> Algorithm:
        """Return an algorithm. Raises InvalidConfiguration."""

    def schema(self, service: str) -> Schema:
        """Return what a service takes and gives. Raises NotFound."""

    def flow(self, service: str) -> Shared:
        """Return another flow. Raises NotFound, Conflict if it is none."""


class House(Parts, Protocol):
    """What one tenant's flow is made of, and asks."""

    @property
    def volumes(self) -> Path:
        """The folder below which flows keep files."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What `${NAME}` stands for."""

    @property
    def on_worker(self) -> bool:
        """Whether this process is a worker's already: it does what it would leave to one."""

    def owning(self, steps: Mapping[tuple[str, str], Step]) -> House:
        """Return the same house where these steps take the place of others of their names."""

    def source(self, role: str, name: str) -> Source | None:
        """Return the source of the workspace's plugin that brings a step; None if it is installed."""

    def ask(self, service: str, columns: Columns) -> Answer:
        """Have a service predict. Raises what `Predictor.predict` does."""

    def flow(self, service: str) -> FlowModel:
        """Return the champion of another flow. Raises NotFound, Conflict if it is none."""

    def version(self, service: str) -> str | None:
        """Return the version that answers for a service here, None if there is none."""

    def run_job(
        self, service: str, kind: str, payload: Mapping[str, Any], until: float
    ) -> Mapping[str, Any]:
        """Have a worker do a job, and return its result.

        Raises DeadlineExceeded at `until`, a moment of `time.monotonic`, or what the job failed with.
        """
