"""What joining calls in flight gains for a small network in a process of its own.

Run: python benchmarks/micro_batching.py [SECONDS]
Three services of one sidecar have the same network and take turns: one whose file says nothing of
joining, one that joins, and one whose file says `batching: null`. Each is asked for one record over
64 connections, and over one.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from load import Felt, ended, started
from sidecar import Sidecar, example, up, wait

from minerva.client import ONE_TRY, Client

SECONDS = 5.0
ROUNDS = 3
CONNECTIONS = (64, 1)
WORKERS, THREADS = 2, 40
"""Each call in flight holds a thread; the connections are not spread evenly over the workers."""
FIELDS = 30
JOINED = {"max_batch": 64, "max_wait_ms": 5}
SERVICES: Mapping[str, Mapping[str, object]] = {
    "absent": {},
    "joined": {"batching": JOINED},
    "off": {"batching": None},
}
PLUGIN = """
import numpy as np
from minerva import Algorithm, hookimpl

WIDTH, LAYERS = 64, 4


class Network:
    # gated recurrent layers, which read the fields as a series: many small steps

    def __init__(self):
        random = np.random.default_rng(0)
        sizes = [1, *[WIDTH] * LAYERS]
        self.layers = [
            random.normal(0, WIDTH**-0.5, (size + WIDTH, 3 * WIDTH)).astype(np.float32)
            for size in sizes[:-1]
        ]
        self.last = random.normal(0, 1, WIDTH).astype(np.float32)

    def predict(self, batch):
        matrix = batch.matrix()
        series = [matrix[:, [step]] for step in range(matrix.shape[1])]
        for weights in self.layers:
            series = self.read(series, weights)
        return {"y": series[-1] @ self.last}

    def read(self, series, weights):
        state, states = np.zeros((len(series[0]), WIDTH), np.float32), []
        for values in series:
            gates = np.hstack([values, state]) @ weights[:, : 2 * WIDTH]
            update, reset = np.split(1 / (1 + np.exp(-np.clip(gates, -30, 30))), 2, axis=1)
            new = np.tanh(np.hstack([values, reset * state]) @ weights[:, 2 * WIDTH :])
            state = update * state + (1 - update) * new
            states.append(state)
        return states

    def save(self, folder):
        pass


class Networks(Algorithm):
    name = "network"
    needs_data = False
    runtime = "process"

    def train(self, data, context):
        return Network()

    def load(self, folder, context):
        return Network()


@hookimpl
def minerva_algorithms():
    return [Networks()]
"""


def main(seconds: float) -> None:
    """Ask the services in turn and print the medians of the rounds."""
    os.environ["MINERVA_WEB_THREADS"] = str(THREADS)
    with up(_prepare, web_workers=WORKERS) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            wait(lambda: len(client.services()) == len(SERVICES), "the declarations")
            for service in SERVICES:
                sidecar.train(client, service)
        for service in SERVICES:
            _asked(sidecar, service, max(CONNECTIONS), min(seconds, 2.0))
        print(f"one record, a network in a process of its own, medians of {ROUNDS} rounds:\n")
        print(
            f"{'connections':>11}  {'batching':10}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}"
        )
        for connections in CONNECTIONS:
            _compare(sidecar, connections, seconds)


def _compare(sidecar: Sidecar, connections: int, seconds: float) -> None:
    felt: dict[str, list[Felt]] = {service: [] for service in SERVICES}
    for _ in range(ROUNDS):  # in turns, so that all see the same machine
        for service, rounds in felt.items():
            rounds.append(_asked(sidecar, service, connections, seconds))
    for service, rounds in felt.items():
        rate = statistics.median(one.per_second for one in rounds)
        p50, p99 = (statistics.median(one.quantile(part) for one in rounds) for part in (0.5, 0.99))
        failed = sum(one.failed for one in rounds)
        print(f"{connections:11}  {service:10}{rate:8.0f}{p50:9.2f}{p99:9.2f}{failed:8}")
    ratios = [
        joined.per_second / absent.per_second
        for joined, absent in zip(felt["joined"], felt["absent"], strict=True)
    ]
    print(f"{'':11}  joined / absent: {statistics.median(ratios):.2f}\n", flush=True)


def _asked(sidecar: Sidecar, service: str, connections: int, seconds: float) -> Felt:
    question = sidecar.question(service, [example(sidecar.workspace, service)])
    return ended(started(sidecar.port, question, connections, seconds=seconds))


def _prepare(workspace: Path) -> None:
    (workspace / "plugins").mkdir(exist_ok=True)
    (workspace / "plugins" / "network.py").write_text(PLUGIN)
    inputs = {f"f{number}": {"type": "number"} for number in range(FIELDS)}
    for service, serving in SERVICES.items():
        declared = {
            "service": service,
            "algorithm": "network",
            "schema": {"inputs": inputs, "output": {"y": {"type": "number"}}},
            "serving": dict(serving),
        }
        path = workspace / "services" / f"{service}.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
