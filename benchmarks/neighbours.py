"""What callers of one service feel while the model of another one does its worst.

Run: python benchmarks/neighbours.py [SECONDS]
16 connections ask two constant services, one inline and one in a process of its own, 160 times a
second together. Five times a second somebody asks the other one, whose model misbehaves in one way
after the other, each for so many SECONDS. The same load while it answers well is measured before,
amid and after that.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from functools import partial, reduce
from operator import add
from pathlib import Path

import yaml
from load import Felt
from sidecar import Sidecar, up, wait
from steady import all_under_load

from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

SECONDS = 15.0
PAUSE_S = 0.2
WELL = 0
"""No way to misbehave."""
WAYS = {
    "raises": "raise ValueError",
    "answers with a wrong length": "return {'y': np.ones(len(batch) + 1)}",
    "answers NaN": "return {'y': np.full(len(batch), np.nan)}",
    "calls sys.exit": "sys.exit(1)",
    "crashes the interpreter": "ctypes.string_at(0)",
    "loops for ever": "[None for _ in iter(int, 1)]",
    "allocates 10 GB": "np.ones(10 * 2**30, np.uint8)",
    "opens 10,000 files": "[open('/dev/null') for _ in range(10_000)]",
    "prints 10 MB": "[print('x' * 999) for _ in range(10_000)]",
    "writes outside its folder": "open('/var/tmp/wild', 'w').write('x')",
}
GOOD = {"good-inline": "inline", "good-process": "process"}
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
CONSTANT = {
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


def main(seconds: float) -> None:
    """Measure in a temporary workspace and print a table: p99 in ms, and how many times the quiet one."""
    with up(_workspace) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            for service in ("wild", *GOOD):
                wait(partial(_serves, client, service), service)
            quiet, busy = _measure(sidecar, client, seconds)
    print("p99 of two good services in ms, and how many times that while the other one answers:\n")
    print(f"{'the other model':30}{'inline':>16}{'process':>16}{'failed':>8}")
    for way, felt in {"answers": quiet, **busy}.items():
        cells = [_cell(quiet[service], felt[service]) for service in GOOD]
        failed = sum(one.failed for one in felt.values())
        print(f"{way:30}" + "".join(f"{cell:>16}" for cell in cells) + f"{failed:>8}")


def _serves(client: Client, service: str) -> bool:
    return client.service(service)["version"] is not None


def _cell(quiet: Felt, felt: Felt) -> str:
    p99 = felt.quantile(0.99)
    return f"{p99:.1f} ({p99 / quiet.quantile(0.99):.2f})"


def _workspace(folder: Path) -> None:
    branches = [
        f"        if way == {number}:\n            {code}"
        for number, code in enumerate(WAYS.values(), start=1)
    ]
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "wild.py").write_text(PLUGIN.format(branches="\n".join(branches)))
    good = [
        {"service": service, **CONSTANT, "serving": {"runtime": runtime}}
        for service, runtime in GOOD.items()
    ]
    for declared in (*good, WILD):
        path = folder / "services" / f"{declared['service']}.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False))


def _measure(
    sidecar: Sidecar, client: Client, seconds: float
) -> tuple[dict[str, Felt], dict[str, dict[str, Felt]]]:
    """Return what callers of each good service felt while quiet, and while it misbehaved, by way."""

    def felt(way: int) -> dict[str, Felt]:
        return all_under_load(sidecar, list(GOOD), partial(_keep_asking, client, way, seconds))

    felt(WELL)  # warms everything up
    quiet = [felt(WELL)]
    busy = {}
    for number, way in enumerate(WAYS, start=1):
        busy[way] = felt(number)
        if number in {len(WAYS) // 2, len(WAYS)}:
            wait(lambda: not _degraded(client), "the recovery of the wild model")
            quiet.append(felt(WELL))
    pooled = {service: reduce(add, (one[service] for one in quiet)) for service in GOOD}
    return pooled, busy


def _keep_asking(client: Client, way: int, seconds: float) -> None:
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        with suppress(MinervaError):
            client.predict("wild", records=[{"way": way}])
        time.sleep(PAUSE_S)


def _degraded(client: Client) -> bool:
    return bool(client.predict("wild", records=[{"way": WELL}])["degraded"])


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
