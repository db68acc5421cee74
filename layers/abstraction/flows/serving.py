"""A flow that serves: run for somebody who wants to see all of it, or asked for one step."""

from __future__ import annotations

from typing import Any

from minerva.errors import Conflict, MinervaError, Unavailable
from minerva.layers.abstraction.flows.describing import shown
from minerva.layers.abstraction.flows.model import FlowModel, Run
from minerva.layers.abstraction.flows.rows import State
from minerva.layers.abstraction.flows.trace import Trace
from minerva.layers.abstraction.serving.answers import Answers
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.schema import Batch


def flow_of(live: LiveService) -> FlowModel:
    """Return the flow that serves. Raises Conflict if it is none, Unavailable without a version."""
    name = live.declaration.service
    if live.loaded is None:
        raise Unavailable(live.problem or f"Flow {name!r} has no version yet.")
    model: Any = live.loaded.model
    inner = getattr(model, "model", model)  # calls may be joined before they come to it
    if not isinstance(inner, FlowModel):
        raise Conflict(f"Service {name!r} is no flow.")
    return inner


def traced(
    model: FlowModel, batch: Batch, only: list[str] | None
) -> tuple[dict[str, Any], MinervaError | None]:
    """Run a flow and tell all of it; an error is returned beside what was done by then.

    `only`: whose rows are told; None: every step's.
    """
    trace, state = Trace(), State(batch)
    error: MinervaError | None = None
    predictions: list[dict[str, Any]] = []
    try:
        run = model.run(batch, trace, state)
        predictions = Answers.of(batch, model.predictions(run)).rows()
    except MinervaError as raised:
        error, run = raised, Run("", state, trace)
    told = {
        "predictions": predictions,
        "steps": shown(run, model.graph, only),
        "trace": trace.to_json(),
    }
    return told, error
