"""What callers of one service feel while the model of another one does its worst.

Run: python benchmarks/neighbours.py
16 connections ask a constant service 160 times a second; the other service's model raises, ends its
process, crashes, loops for ever, allocates 10 GB or opens 10,000 files, again and again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import yaml
from sidecar import Sidecar, up, wait
from steady import compared, under_load

from minerva.client import Client
from minerva.errors import MinervaError

SECONDS = 15.0
PAUSE_S = 0.2
WAYS = {
    "raises": "raise ValueError",
    "ends its process": "sys.exit(1)",
    "crashes": "ctypes.string_at(0)",
    "loops for ever": "[None for _ in iter(int, 1)]",
    "allocates 10 GB": "np.ones(10 * 2**30, np.uint8)",
    "opens 10,000 files": "[open('/dev/null') for _ in range(10_000)]",
}
PLUGIN = """
import ctypes
import sys
import numpy as np
from minerva import Algorithm, hookimpl


class Model:
    def predict(self, batch):
        way = int(batch["way"][0])
{branches}
        return {{"y": np.ones(len(batch))}}

    def save(self, folder):
        (folder / "nothing").write_text("")


class Wild(Algorithm):
    name = "wild"
    needs_data = False

    def train(self, data, context):
        return Model()

    def load(self, folder, context):
        return Model()


@hookimpl
def minerva_algorithms():
    return [Wild()]
"""
OUTPUT = {"y": {"type": "number"}}
GOOD = {
    "service": "good",
    "algorithm": "constant",
    "parameters": {"output": {"y": 1.0}},
    "schema": {"inputs": {"x": {"type": "number"}}, "output": OUTPUT},
}
WILD = {
    "service": "wild",
    "algorithm": "wild",
    "schema": {"inputs": {"way": {"type": "integer", "default": 0}}, "output": OUTPUT},
    "serving": {
        "deadline_ms": 200,
        "default": {"y": 0.0},
        "breaker": {"failures": 5, "open_s": 1.0, "quarantine_after": 1000},
    },
}


def main() -> None:
    """Measure in a temporary workspace and print a table."""
    with up(_workspace) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key) as client:
            wait(lambda: client.service("wild")["version"] is not None, "the wild model")
            for what, value in _measure(sidecar, client):
                print(f"{what:<26}{value}")


def _workspace(folder: Path) -> None:
    branches = [
        f"        if way == {number}:\n            {code}"
        for number, code in enumerate(WAYS.values(), start=1)
    ]
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "wild.py").write_text(PLUGIN.format(branches="\n".join(branches)))
    for declared in (GOOD, WILD):
        path = folder / "services" / f"{declared['service']}.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False))


def _measure(sidecar: Sidecar, client: Client) -> Iterator[tuple[str, str]]:
    def keep_asking(way: int) -> None:
        over = time.monotonic() + SECONDS
        while time.monotonic() < over:
            with suppress(MinervaError):
                client.predict("wild", records=[{"way": way}])
            time.sleep(PAUSE_S)

    under_load(sidecar, "good", lambda: keep_asking(0))  # warms everything up
    quiet = under_load(sidecar, "good", lambda: keep_asking(0))
    yield "p99 of the good service", "while the other answers / misbehaves"
    for number, way in enumerate(WAYS, start=1):
        busy = under_load(sidecar, "good", partial(keep_asking, number))
        said = compared(quiet, busy, 0.99)
        yield f"it {way}", f"{said}; {busy.failed} failed"


if __name__ == "__main__":
    main()
