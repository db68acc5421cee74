"""A process that serves a workspace whose flows are made of small steps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import small_steps
import yaml

from minerva.bootstrap import Container
from minerva.layers.abstraction.flows.serving import flow_of, traced
from minerva.layers.abstraction.serving.question import Question

PLUGIN = Path(small_steps.__file__)
LEVEL = {"level": {"type": "category", "values": ["low", "high"]}}
RISK = {
    "service": "risk",
    "algorithm": "rules",
    "schema": {"inputs": {"value": {"type": "number"}}, "output": LEVEL},
    "parameters": {
        "rules": [{"when": "value > 10", "then": {"level": {"low": 0.25, "high": 0.75}}}],
        "otherwise": {"level": "low"},
    },
}


@dataclass
class House:
    """A process that serves a workspace."""

    container: Container
    workspace: Path

    def declare(self, *services: dict[str, Any]) -> list[str]:
        """Declare services and flows; return what is wrong with them."""
        for one in services:
            folder = "flows" if one["algorithm"] == "flow" else "services"
            path = self.workspace / folder / f"{one['service']}.yaml"
            path.write_text(yaml.safe_dump(one, sort_keys=False))
        self.container.workspace_services.apply()
        self.container.live.refresh()
        return [str(fault) for fault in self.container.workspace_services.faults]

    def flow(self, steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Declare a flow, without a fault, and return its declaration."""
        declared = flow(steps, **more)
        assert self.declare(declared) == []
        return declared

    def predict(self, *records: dict[str, Any], service: str = "flow") -> list[dict[str, Any]]:
        """Return the predictions."""
        return self.answer(*records, service=service).predictions

    def answer(self, *records: dict[str, Any], service: str = "flow") -> Any:
        """Return the answer."""
        return self.container.predictor.predict("default", service, Question(records=records))

    def traced(self, *records: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Return all of a run, and its error."""
        live = self.container.live.find("default", "flow")
        return traced(flow_of(live), live.decoder.records(records), None)

    def model(self, service: str = "flow") -> Any:
        """Return the flow that serves."""
        return flow_of(self.container.live.find("default", service))


def flow(
    steps: dict[str, Any], answer: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the declaration of a flow that is asked for a number and answers with one."""
    inputs = more.pop("inputs", {"count": {"type": "number"}})
    output = more.pop("output", {"total": {"type": "number"}})
    parameters = {"steps": steps, **({"answer": answer} if answer else {})}
    parameters |= more.pop("parameters", {})
    schema = {"inputs": inputs, "output": output}
    return {
        "service": "flow",
        "algorithm": "flow",
        "schema": schema,
        **more,
        "parameters": parameters,
    }
