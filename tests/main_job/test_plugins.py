"""Plugins come, change and break while everything runs; what serves goes on serving."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from waiting import wait_until

from .conftest import Sidecar

CONSTANT = """
import numpy as np
from minerva import Algorithm, hookimpl


class Answer:
    def predict(self, batch):
        return {{"y": np.full(len(batch), {answer})}}

    def save(self, folder):
        (folder / "nothing").write_text("")


class Dropped(Algorithm):
    name = "dropped"
    needs_data = False

    def train(self, data, context):
        return Answer()

    def load(self, folder, context):
        return Answer()


@hookimpl
def minerva_algorithms():
    return [Dropped()]
"""
SERVICE = """
service: late
algorithm: dropped
schema:
  inputs:
    x: {type: number}
  output:
    y: {type: number}
"""


def put(path: Path, text: str) -> None:
    """Save a file as an editor does."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text)
    unfinished.rename(path)


def answer(sidecar: Sidecar) -> Any:
    """What the service `late` answers now; its status if it does not."""
    status, told = sidecar.call("POST", "/v1/services/late/predict", {"records": [{"x": 1}]})
    return told["predictions"][0]["y"] if status == 200 else status


def problems(sidecar: Sidecar) -> list[str]:
    """What is wrong with files of the workspace."""
    return [one["where"] for one in sidecar.call("GET", "/v1/services")[1]["problems"]]


def listed(sidecar: Sidecar) -> dict[str, Any]:
    """The plugin as `minerva plugins` shows it."""
    told = subprocess.run(
        [sys.executable, "-m", "minerva.cli", "--json", "plugins"],
        env={**os.environ, "MINERVA_WORKSPACE": str(sidecar.workspace)},
        capture_output=True,
        text=True,
        check=True,
    )
    plugins = json.loads(told.stdout)["plugins"]
    return next(one for one in plugins if one["plugin"] == "plugins/dropped.py")


def events(sidecar: Sidecar, name: str) -> list[dict[str, Any]]:
    """Events of the shared log."""
    lines = (sidecar.workspace / ".minerva" / "logs").glob("*.jsonl*")
    found = [json.loads(line) for file in lines for line in _whole(file)]
    return [one for one in found if one["event"] == name]


def _whole(file: Path) -> list[str]:
    """Its lines but for one that somebody is writing."""
    return file.read_text().rpartition("\n")[0].splitlines()


def test_a_plugin_is_found_reloaded_and_reported_without_a_restart(sidecar: Sidecar) -> None:
    plugin = sidecar.workspace / "plugins" / "dropped.py"
    (sidecar.workspace / "services" / "late.yaml").write_text(SERVICE)
    wait_until(lambda: any("late" in where for where in problems(sidecar)))

    put(plugin, CONSTANT.format(answer=1.0))
    wait_until(lambda: answer(sidecar) == 1.0)
    put(plugin, CONSTANT.format(answer=2.0))
    wait_until(lambda: [answer(sidecar) for _ in range(10)] == [2.0] * 10)
    put(plugin, CONSTANT.format(answer=3.0).replace("def train", "def train:"))
    wait_until(lambda: "plugins/dropped.py" in problems(sidecar))

    assert [answer(sidecar) for _ in range(10)] == [2.0] * 10
    assert listed(sidecar)["state"] == "broken"
    assert "SyntaxError" in listed(sidecar)["problem"]
    assert any(one["plugin"] == "plugins/dropped.py" for one in events(sidecar, "plugin.failed"))

    put(plugin, CONSTANT.format(answer=4.0))
    wait_until(lambda: answer(sidecar) == 4.0)
    wait_until(lambda: problems(sidecar) == [])  # of each web worker
    assert sidecar.call("POST", "/v1/services/late/rollback", {})[0] == 200
    wait_until(lambda: answer(sidecar) == 2.0)
