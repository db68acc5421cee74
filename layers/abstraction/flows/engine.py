"""The data orchestrator: runs the steps of a graph, each as soon as what it needs is there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial

from minerva.errors import DeadlineExceeded, Fault
from minerva.layers.abstraction.flows.cache import Cache
from minerva.layers.abstraction.flows.crew import Crew
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.rows import Places, State
from minerva.layers.abstraction.flows.step_run import StepRun
from minerva.layers.abstraction.flows.trace import Trace
from minerva.layers.abstraction.flows.work import Work
from minerva.layers.abstraction.serving.patience import UNTIL
from minerva.step import Items, Volume

WorkOf = Callable[[Node, Items, Places], Work]
"""Returns what does the work of a step on these items, which are these rows of its level."""


@dataclass(frozen=True, eq=False)
class Engine:
    """Runs one flow, for any number of callers at once."""

    graph: Graph
    work: WorkOf
    crew: Crew
    cache: Cache
    made_by: Callable[[Node], str] = lambda node: ""  # noqa: ARG005 - the name is the type's

    def run(
        self, state: State, volume: Volume, trace: Trace, only: Collection[str] | None = None
    ) -> State:
        """Run all steps, or some with all that they need. Raises the first step's error.

        What other steps have made by then stays in the state.
        """
        left = [node for node in self.graph.nodes if only is None or node.name in only]
        running: dict[Future[None], StepRun] = {}
        while left or running:
            ready = [node for node in left if node.needs <= state.made.keys()]
            left = [node for node in left if node not in ready]
            runs = [self._begin(node, state, volume, trace) for node in ready]
            if len(runs) == 1 and not running and runs[0].node.declared.deadline_ms is None:
                self._end(runs[0], trace, runs[0])  # nobody else has anything to do meanwhile
                continue
            running |= {self.crew.step(run): run for run in runs}
            for future in self._next(running):
                self._end(running.pop(future), trace, future.result)
        return state

    def _begin(self, node: Node, state: State, volume: Volume, trace: Trace) -> StepRun:
        declared = node.declared
        where = declared.where if isinstance(declared.where, str) else declared.where.url
        entry = trace.begin(node.name, f"{declared.role}: {declared.kind}", where)
        until = UNTIL.get()
        if declared.deadline_ms is not None:
            until = min(until, time.monotonic() + declared.deadline_ms / 1_000)
        return StepRun(
            self.graph, node, state, partial(self.work, node), volume, self.crew,
            self.cache, self.made_by(node), until, entry,
        )  # fmt: skip

    def _next(self, running: dict[Future[None], StepRun]) -> list[Future[None]]:
        """Wait for a step to end; one whose time is over ends too, though its thread goes on."""
        limits = [run.until for run in running.values() if run.node.declared.deadline_ms]
        left = min(limits, default=math.inf) - time.monotonic()
        done, _ = wait(running, None if left == math.inf else max(0.0, left), FIRST_COMPLETED)
        if done:
            return list(done)
        now = time.monotonic()
        over = [one for one, run in running.items() if run.until <= now and not one.done()]
        for future in over:
            self._late(running.pop(future))
        return []

    def _late(self, run: StepRun) -> None:
        name, deadline_ms = run.node.name, run.node.declared.deadline_ms
        message = f"Step {name!r} of the flow did not end within {deadline_ms} ms."
        late = DeadlineExceeded(message, faults=[Fault(f"/steps/{name}", "took too long")])
        run.entry.error = message
        if run.node.declared.default is None:
            raise late
        run.give_up(late)

    def _end(self, run: StepRun, trace: Trace, result: Callable[[], None]) -> None:
        try:
            result()
        finally:
            trace.end(run.entry)
