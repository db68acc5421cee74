"""A flow as a model: it predicts by running its steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from uuid import uuid4

import numpy as np
import structlog

from minerva.algorithm import Predictions
from minerva.errors import InvalidInput, MinervaError, NotFound
from minerva.layers.abstraction.flows import kept as files
from minerva.layers.abstraction.flows.answering import predictions_of
from minerva.layers.abstraction.flows.cache import Cache
from minerva.layers.abstraction.flows.crew import Crew
from minerva.layers.abstraction.flows.declaration import FlowParameters
from minerva.layers.abstraction.flows.engine import Engine
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.kept import Kept
from minerva.layers.abstraction.flows.rows import Places, State
from minerva.layers.abstraction.flows.shared_folder import SharedFolder
from minerva.layers.abstraction.flows.trace import Trace
from minerva.layers.abstraction.flows.volume import SHARED, RequestVolume, sweep
from minerva.layers.abstraction.flows.work import Made, Work
from minerva.layers.abstraction.flows.works import Works
from minerva.layers.abstraction.plugins.snapshot import keep
from minerva.layers.abstraction.plugins.source import Source
from minerva.schema import Batch
from minerva.spelling import hint
from minerva.step import Items, Volume

log = structlog.get_logger()

SWEEP_EVERY_S = 60.0
FORGOTTEN_S = 3_600.0
"""Files of a request whose process died are removed after so long."""


@dataclass(frozen=True, eq=False)
class Run:
    """What one run made, and how."""

    id: str
    state: State
    trace: Trace


@dataclass(eq=False)
class FlowModel:
    """A flow that is ready to run; for any number of threads."""

    name: str
    """The service that it is."""
    parameters: FlowParameters
    graph: Graph
    works: Works
    kept: Kept
    root: Path
    """The folder for its files."""
    sources: list[Source] = field(default_factory=list)
    """The workspace's plugins that its steps came from, while they are to be kept."""
    effects: bool = True
    """Whether steps run that the answer does not need: not while it is only evaluated."""
    _lock: Lock = field(default_factory=Lock)
    _swept: float = 0.0

    def __post_init__(self) -> None:
        """Have threads and memory of its own; neither is used before the first run."""
        self.crew = Crew(self.name)
        self.cache = Cache()
        self._made: dict[str, Work] = {}

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`: run the steps. Raises the error of the first step that failed."""
        if not len(batch):
            return self._nothing()
        return self.predictions(self.run(batch))

    def run(self, batch: Batch, trace: Trace | None = None, state: State | None = None) -> Run:
        """Run the steps for some records. Raises as `predict`; `trace` and `state` tell even then."""
        trace = trace or Trace()
        run = Run(uuid4().hex, state or State(batch), trace)
        volume = self.volume(run.id)
        answers = self.graph.before([source.step for source in self.graph.answer.values()])
        try:
            self.engine.run(run.state, volume, trace, None if self.effects else answers)
        except MinervaError as error:
            self._tell(run, error)
            raise
        finally:
            self._tidy(volume)
        self._tell(run, None)
        return run

    def predictions(self, run: Run) -> Predictions:
        """Return the outputs of a run. Raises InvalidInput for a record of which nothing was made."""
        made = {}
        for name, output in self.graph.schema.output.items():
            source = self.graph.answer[name]
            rows = run.state.made[source.step]
            if not rows.there.all():
                record = int(np.flatnonzero(~rows.there)[0])
                raise InvalidInput(
                    f"Step {source.step!r} of the flow made nothing of record {record}."
                )
            field_ = self.graph.field(source)
            made[name] = predictions_of(rows.columns, source.field, field_, output)
        return made

    @cached_property
    def engine(self) -> Engine:
        """What runs the steps."""
        return Engine(self.graph, self.work, self.crew, self.cache, self._made_by)

    def work(self, node: Node, items: Items, rows: Places) -> Work:
        """Return who does a step's work: always the same."""
        del items, rows
        with self._lock:
            if node.name not in self._made:
                self._made[node.name] = self.works.of(node)
            return self._made[node.name]

    def node(self, step: str) -> Node:
        """Return a step. Raises NotFound."""
        names = [node.name for node in self.graph.nodes]
        if step not in names:
            raise NotFound(f"Flow {self.name!r} has no step {step!r}; {hint(step, names)}")
        return self.graph.node(step)

    def do(self, step: str, items: Items, run: str | None, until: float) -> Made:
        """Do the work of one step, in this process: what a caller may ask for directly.

        `run` names the run whose files it may see; None: a run of its own.
        """
        node = self.node(step)
        volume = self.volume(run or uuid4().hex)
        try:
            return self.works.here(node)(items, volume, until)
        finally:
            if run is None:
                self._tidy(volume)

    def volume(self, run: str) -> RequestVolume:
        """Return the volume of a run. Raises InvalidInput for what is no name of one."""
        return RequestVolume(self.root, run, self.parameters.volume.quota_mb, self.shared)

    @cached_property
    def shared(self) -> SharedFolder:
        """The folder that all requests share."""
        declared = self.parameters.volume
        quota_mb, keep_s = declared.shared_quota_mb, declared.shared_keep_s
        return SharedFolder(self.root / SHARED, quota_mb, keep_s)

    @property
    def fingerprint(self) -> str:
        """What tells this flow from others that the service has had or will have."""
        return self.works.fingerprint

    def save(self, folder: Path) -> None:
        """Write what the parameters do not say; see `kept`."""
        files.write(folder, self.kept)
        self.works.learnt.save(folder)
        for digest, source in {source.digest: source for source in self.sources}.items():
            keep(source, files.plugin_folder(folder, digest))

    def _made_by(self, node: Node) -> str:
        """Return what remembered rows of a step depend on: for a service, its version."""
        service = node.declared.predict
        return "" if service is None else str(self.works.house.version(service))

    def _nothing(self) -> Predictions:
        return {
            name: np.empty((0, len(one.values))) if one.values else np.empty(0)
            for name, one in self.graph.schema.output.items()
        }

    def _tidy(self, volume: Volume) -> None:
        """Remove the request's files, now or, if they are kept for some time, those of others.

        So what is old in the folder that requests share.
        """
        keep_s = self.parameters.volume.keep_s
        if not keep_s:
            volume.remove()  # type: ignore[attr-defined] # ours
        now = time.monotonic()
        with self._lock:
            due = now - self._swept > SWEEP_EVERY_S
            self._swept = now if due else self._swept
        if due:
            sweep(self.root, keep_s or FORGOTTEN_S)
            self.shared.clean()

    def _tell(self, run: Run, error: MinervaError | None) -> None:
        steps = {entry.step: round(entry.ms, 2) for entry in run.trace.steps}
        if error is None:
            log.info("flow.ran", flow=self.name, run=run.id, records=len(run.state.batch), ms=steps)
        else:
            log.warning("flow.failed", flow=self.name, run=run.id, reason=error.message, ms=steps)
