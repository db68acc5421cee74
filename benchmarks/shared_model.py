"""How often a model of 500 MB is in memory when four web workers answer from it.

Run: python benchmarks/shared_model.py [MEGABYTES]
A sidecar with four web workers is started for each runtime. Once each worker has answered, the
proportional set sizes (PSS) of all its processes are added up, beside those with a model of 1 MB.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import yaml
from sidecar import Sidecar, command, members, memory, up, wait
from web_workers import client_of_each

from minerva.client import Client

WORKERS = 4
MEGABYTES = 500
SMALL = 1
RUNTIMES = ("inline", "process")
KINDS = {"serve": "web server and its workers", "model": "process of the model"}
OTHERS = "all other processes"
PLUGIN = """
import numpy as np
from minerva import Algorithm, Parameters, hookimpl


class Model:
    def __init__(self, megabytes):
        self.weights = np.frombuffer(bytearray(np.random.default_rng(7).bytes(megabytes * 10**6)))

    def predict(self, batch):
        return {"y": np.ones(len(batch)) * (self.weights.nbytes // 10**6)}

    def save(self, folder):
        (folder / "nothing").write_text("")


class Size(Parameters):
    megabytes: int = 1


class Heavy(Algorithm):
    name = "heavy"
    Parameters = Size
    needs_data = False

    def train(self, data, context):
        return Model(context.parameters.megabytes)

    def load(self, folder, context):
        return Model(context.parameters.megabytes)


@hookimpl
def minerva_algorithms():
    return [Heavy()]
"""


def main(megabytes: int) -> None:
    """Measure each runtime with a small model and the large one; print a table in MiB."""
    sizes = {
        (runtime, size): _measure(runtime, size)
        for runtime in RUNTIMES
        for size in (SMALL, megabytes)
    }
    print(f"{WORKERS} web workers, model of {megabytes} MB, proportional set size in MiB:\n")
    print(f"{'':34}" + "".join(f"{runtime:>10}" for runtime in RUNTIMES))
    large, small = ({way: sizes[way, size] for way in RUNTIMES} for size in (megabytes, SMALL))
    for kind in (*KINDS.values(), OTHERS):
        _line(kind, [f"{large[way][kind]}" for way in RUNTIMES])
    _line("together", [f"{large[way].total()}" for way in RUNTIMES])
    _line(f"together, with a model of {SMALL} MB", [f"{small[way].total()}" for way in RUNTIMES])
    added = [(large[way].total() - small[way].total()) * 2**20 for way in RUNTIMES]
    _line("times the model is held", [f"{each / (megabytes * 10**6):.2f}" for each in added])


def _line(what: str, cells: Sequence[str]) -> None:
    print(f"{what:34}" + "".join(f"{cell:>10}" for cell in cells))


def _measure(runtime: str, megabytes: int) -> Counter[str]:
    """Return the memory of a sidecar by kind of process, once each of its web workers has answered."""
    with up(lambda folder: _workspace(folder, runtime, megabytes), web_workers=WORKERS) as sidecar:
        sidecar.wait_until_ready()
        with client_of_each(sidecar) as clients:
            for client in clients.values():
                wait(partial(_answers, client, megabytes), "an answer of each worker")
        return _sizes(sidecar)


def _answers(client: Client, megabytes: int) -> bool:
    if client.service("heavy")["version"] is None:
        return False
    answer = client.predict("heavy", records=[{"x": 1.0}])
    return not answer["degraded"] and answer["predictions"] == [{"y": float(megabytes)}]


def _sizes(sidecar: Sidecar) -> Counter[str]:
    found: Counter[str] = Counter()
    for pid in members(sidecar):
        found[KINDS.get(command(pid), OTHERS)] += round(memory(pid))
    return found


def _workspace(folder: Path, runtime: str, megabytes: int) -> None:
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "heavy.py").write_text(PLUGIN)
    declared = {
        "service": "heavy",
        "algorithm": "heavy",
        "parameters": {"megabytes": megabytes},
        "schema": {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}},
        "serving": {"runtime": runtime},
    }
    path = folder / "services" / "heavy.yaml"
    path.write_text(yaml.safe_dump(declared, sort_keys=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
