"""What a model's own process costs: a single record asked inline and over the host's socket.

Run: python benchmarks/process_runtime.py [CALLS]
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from minerva.layers.abstraction.runtimes.hosted import HostedModel
    from minerva.layers.abstraction.runtimes.launch import HostProcess
    from minerva.schema import Batch, Schema

CALLS = 20_000
FIELDS = 30
START_S = 60
PLUGIN = f"""
import numpy as np
from minerva import Algorithm, hookimpl


class Model:
    def __init__(self):
        self.weights = np.ones({FIELDS})

    def predict(self, batch):
        return {{"y": batch.matrix() @ self.weights}}

    def save(self, folder):
        pass


class Weighted(Algorithm):
    name = "weighted"

    def train(self, data, context):
        return Model()

    def load(self, folder, context):
        return Model()


@hookimpl
def minerva_algorithms():
    return [Weighted()]
"""


def main(calls: int) -> None:
    """Ask the same model in both ways, in turns, and print the percentiles."""
    import structlog

    from minerva.layers.abstraction.runtimes.opening import open_host

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # only the table counts
    batch = _batch(1)
    with _host() as host:
        inline = open_host(host.spec).model
        hosted = _model(host)
        if inline is None:
            raise RuntimeError("the model was not loaded")
        ways: dict[str, Callable[[Batch], Any]] = {
            "inline": inline.predict,
            "process": hosted.predict,
        }
        taken: dict[str, list[float]] = {"inline": [], "process": []}
        for _ in range(10):  # in turns, so that both see the same machine
            for way, predict in ways.items():
                _measure(predict, batch, calls // 20)
                taken[way] += _measure(predict, batch, calls // 10)
    print(f"one record of {FIELDS} numeric fields, {calls} calls each way, microseconds:\n")
    print(f"{'':10}{'p50':>8}{'p99':>8}")
    for way, each in taken.items():
        print(f"{way:10}{_percentile(each, 50):8.0f}{_percentile(each, 99):8.0f}")
    added = [_percentile(taken["process"], p) - _percentile(taken["inline"], p) for p in (50, 99)]
    print(f"{'added':10}{added[0]:8.0f}{added[1]:8.0f}")


def _measure(predict: Callable[[Batch], Any], batch: Batch, calls: int) -> list[float]:
    taken = []
    for _ in range(calls):
        begun = time.perf_counter()
        predict(batch)
        taken.append((time.perf_counter() - begun) * 1e6)
    return taken


def _percentile(taken: list[float], which: int) -> float:
    return float(np.percentile(taken, which))


def _schema() -> Schema:
    from minerva.schema import Schema

    inputs = {f"f{number}": {"type": "number"} for number in range(FIELDS)}
    return Schema.parse({"inputs": inputs, "output": {"y": {"type": "number"}}})


def _batch(rows: int) -> Batch:
    from minerva.schema import Batch

    columns = {f"f{number}": np.full(rows, float(number)) for number in range(FIELDS)}
    return Batch(_schema(), columns, rows)


def _model(host: HostProcess) -> HostedModel:
    from minerva.layers.abstraction.runtimes.hosted import hosted_model

    return hosted_model(
        lambda: host.spec.socket,
        algorithm="weighted",
        schema=_schema(),
        explains=False,
        deadline_ms=10_000,
    )


@contextmanager
def _host() -> Iterator[HostProcess]:
    from minerva.layers.abstraction.runtimes.launch import launch
    from minerva.layers.abstraction.runtimes.spec import HostSpec

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("plugins", "version/model", "scratch"):
            (folder / part).mkdir(parents=True)
        (folder / "plugins/weighted.py").write_text(textwrap.dedent(PLUGIN))
        spec = HostSpec(
            algorithm="weighted",
            schema=_schema().to_json(),
            parameters={},
            workspace=name,
            folder=str(folder / "version"),
            scratch=str(folder / "scratch"),
            socket=str(folder / "scratch/host"),
            deadline_ms=10_000,
        )
        host = launch(Path(sys.executable), spec, folder / "host.log")
        try:
            host.ready(START_S)
            yield host
        finally:
            host.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS)
