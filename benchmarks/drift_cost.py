"""What watching for drift costs: a single record of 30 fields, asked with and without being watched.

Run: python benchmarks/drift_cost.py [CALLS]
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.serving.predict import Predictor

FIELDS = 30
ROWS = 2000
TURNS = 20
PLUGIN = """
import numpy as np
from minerva import Algorithm, hookimpl


class Model:
    def predict(self, batch):
        return {"y": np.zeros(len(batch))}

    def save(self, folder):
        pass


class Nothing(Algorithm):
    name = "nothing"
    runtime = "inline"

    def train(self, data, context):
        return Model()

    def load(self, folder, context):
        return Model()


@hookimpl
def minerva_algorithms():
    return [Nothing()]
"""


def main(calls: int) -> None:
    """Measure the request path and the background, and print both."""
    import structlog

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # only the table counts
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as container:
        watched = container.predictor.inner
        if type(watched).__name__ != "Predictor":
            raise RuntimeError("the predictor is wrapped otherwise than this script thinks")
        _compare(container, watched, calls)  # type: ignore[arg-type] # checked just now


def _compare(container: Container, watched: Predictor, calls: int) -> None:
    ways = {"not watched": replace(watched, watch=lambda *_: None), "watched": watched}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    spent = dict.fromkeys(ways, 0.0)
    for _ in range(TURNS):  # in turns, so that both see the same machine
        for way, predictor in ways.items():
            _ask(predictor, calls // TURNS // 10)
            began = time.process_time()
            taken[way] += _ask(predictor, calls // TURNS)
            container.drift.flush()
            spent[way] += time.process_time() - began
    handed = _hand_over(container, watched, calls)
    print(f"one record of {FIELDS} numeric fields, {calls} calls each way, microseconds:\n")
    print(f"{'':14}{'p50':>8}{'p99':>8}{'CPU':>8}")
    for way, each in taken.items():
        cpu = spent[way] / calls * 1e6
        print(f"{way:14}{np.percentile(each, 50):8.1f}{np.percentile(each, 99):8.1f}{cpu:8.1f}")
    print(f"{'handing over':14}{np.percentile(handed, 50):8.1f}{np.percentile(handed, 99):8.1f}")
    print("\nCPU is that of the whole process, the counting in the background included.")


def _ask(predictor: Predictor, calls: int) -> list[float]:
    from minerva.layers.abstraction.serving.question import Question

    question = Question([{f"f{number}": 0.1 * number for number in range(FIELDS)}])
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        predictor.predict("default", "nothing", question)
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def _hand_over(container: Container, watched: Predictor, calls: int) -> list[float]:
    """Time the one call that the request path makes, at a pace at which all of it is counted."""
    live = container.live.find("default", "nothing")
    if live.loaded is None or live.loaded.bins is None:
        raise RuntimeError("the version is not served, or not watched")
    batch = live.loaded.decoder.records([{f"f{number}": 0.1 for number in range(FIELDS)}])
    taken = []
    for call in range(calls):
        began = time.perf_counter()
        watched.watch(live, live.loaded, batch)
        taken.append((time.perf_counter() - began) * 1e6)
        if call % 2000 == 0:
            container.drift.flush()
    return taken


@contextmanager
def served(workspace: Path) -> Iterator[Container]:
    """Open a workspace with one trained service."""
    from minerva.bootstrap import open_job
    from minerva.layers.abstraction.registry.records import DEFAULT_TENANT
    from minerva.layers.abstraction.services.parsing import parse
    from minerva.settings import load

    (workspace / "plugins").mkdir()
    (workspace / "plugins/nothing.py").write_text(textwrap.dedent(PLUGIN))
    _write_rows(workspace / "rows.csv")
    inputs = {f"f{number}": {"type": "number"} for number in range(FIELDS)}
    declared = {
        "service": "nothing",
        "algorithm": "nothing",
        "schema": {"inputs": inputs, "output": {"y": {"type": "number"}}},
        "data": {"source": "csv", "path": "rows.csv"},
    }
    with open_job(load(workspace, {})) as container:
        configuration = container.registry.declare(DEFAULT_TENANT, parse(declared), "benchmark")
        container.versioning.make(
            configuration, job_id=None, author="benchmark", progress=lambda *_: None
        )
        container.live.refresh()
        yield container


def _write_rows(path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(ROWS, FIELDS + 1))
    names = ",".join([*(f"f{number}" for number in range(FIELDS)), "y"])
    np.savetxt(path, values, delimiter=",", header=names, comments="", fmt="%.6f")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
