"""The flows that the campaign asks while what does their step is killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROWS = 24
"""So many rows a record is spread to; the step doubles each."""
BATCH, PAUSE_S = 8, 0.5
"""Rows that the step is given at once, and how long it takes over them."""
PATIENT, HASTY = "patient", "hasty"
DEADLINE_S = {PATIENT: 120, HASTY: 5}
"""Flow → how long its step may take; the patient one tries again, the hasty one does not."""
RIGHT = float(sum(2 * value for value in range(ROWS)))

PLUGIN = """
import time

import numpy as np

from minerva import Field, Parameters, Spread, Step, hookimpl

NUMBER = Field(type="number")


class Rows(Step):
    name = "rows"
    role = "collect"
    shape = "spread"
    inputs = {"count": ("number",)}

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        counts = items["count"].astype(int)
        values = np.concatenate([np.arange(count) for count in counts]).astype(float)
        return Spread({"value": values}, np.repeat(np.arange(len(items)), counts))


class PauseParameters(Parameters, frozen=True, kw_only=True):
    seconds: float = 0.0


class Twice(Step):
    name = "twice"
    role = "handle"
    outside = True
    inputs = {"value": ("number",)}
    Parameters = PauseParameters

    def outputs(self, inputs, parameters):
        return {"twice": NUMBER}

    def run(self, items, context):
        time.sleep(context.parameters.seconds)
        return {"twice": 2 * items["value"]}


class Total(Step):
    name = "total"
    role = "post"
    shape = "gather"
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"total": NUMBER}

    def run(self, items, context):
        return {"total": np.bincount(items.of, items["value"], items.records)}


@hookimpl
def minerva_steps():
    return [Rows(), Twice(), Total()]
"""


def write_flows(workspace: Path, where: str | Mapping[str, str]) -> None:
    """Declare both flows, whose step `twice` is done there; JSON is YAML."""
    for name in ("plugins", "flows"):
        (workspace / name).mkdir(exist_ok=True)
    (workspace / "plugins" / "doubling.py").write_text(PLUGIN)
    for name, retries in ((PATIENT, 10), (HASTY, 0)):
        (workspace / "flows" / f"{name}.yaml").write_text(json.dumps(_flow(name, retries, where)))


def _flow(name: str, retries: int, where: str | Mapping[str, str]) -> dict[str, Any]:
    number = {"type": "number"}
    twice = {
        "handle": "twice",
        "each": "rows",
        "inputs": {"value": "rows.value"},
        "parameters": {"seconds": PAUSE_S},
        "where": where,
        "batch": BATCH,
        "parallel": 2,
        "retries": retries,
        "deadline_ms": 1000 * DEADLINE_S[name],
    }
    steps = {
        "rows": {"collect": "rows", "inputs": {"count": "count"}},
        "twice": twice,
        "total": {"post": "total", "inputs": {"value": "twice.twice"}},
    }
    return {
        "service": name,
        "algorithm": "flow",
        "schema": {"inputs": {"count": number}, "output": {"total": number}},
        "parameters": {"steps": steps},
    }
