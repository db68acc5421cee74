"""What the engine of flows adds to what its steps do: in one process, between two, and in memory.

In process: chains of steps that add one to a number. Between two sidecars over loopback: a flow whose step
is done by the other one, beside the same step here. Memory: pages of 4 KiB that are spread, turned, judged
by a service and gathered, in a process of their own for each number of pages; handed on as texts, or as
files in the volume.

Run: python benchmarks/flow_engine.py [CALLS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from flow_workspace import LENGTH, declare, flow, serving, sidecar, workspace

from minerva.client import Client

CALLS = 1_000
ROUNDS = 3
CHAINS = (1, 5, 20)
ITEMS = (100, 1_000, 10_000)
WAYS = {"texts": "", "files": "-in-files"}
QUOTA_MB = 1_000


def main(calls: int) -> None:
    """Measure all three and print their tables."""
    flows = [flow(f"chain-{steps}", _chain(steps), f"s{steps}.value") for steps in CHAINS]
    flows += [flow(f"pages-{way}", _pages(kind), "total.total") for way, kind in WAYS.items()]
    for one in flows[len(CHAINS) :]:
        one["parameters"]["volume"] = {"quota_mb": QUOTA_MB}
    with workspace(LENGTH, *flows) as folder:
        _in_process(folder, calls)
        _remote(folder, calls)
        _memory(folder)


def _chain(steps: int) -> dict[str, Any]:
    before = ["count", *(f"s{step}.value" for step in range(1, steps))]
    return {
        f"s{step}": {"handle": "next", "inputs": {"value": source}}
        for step, source in enumerate(before, 1)
    }


def _pages(kind: str) -> dict[str, Any]:
    each = {"each": "pages"}
    return {
        "pages": {"collect": f"pages{kind}"},
        "turned": {"handle": f"turned{kind}", **each, "inputs": {"page": "pages.page"}},
        "kind": {"predict": "length", **each, "inputs": {"value": "turned.length"}},
        "total": {"post": "total", "inputs": {"value": "kind.kind.long"}},
    }


def _in_process(folder: Path, calls: int) -> None:
    from minerva.layers.abstraction.flows.serving import flow_of

    with serving(folder) as container:
        taken: dict[int, list[float]] = {steps: [] for steps in CHAINS}
        for _ in range(ROUNDS):  # in turns, so that all see the same machine
            for steps in CHAINS:
                live = container.live.find("default", f"chain-{steps}")
                model, batch = flow_of(live), live.decoder.records([{"count": 1.0}])
                _times(partial(model.predict, batch), calls // 10)
                taken[steps] += _times(partial(model.predict, batch), calls)
    print(f"Chains in process, one record, {ROUNDS * calls} calls each\n")
    print("| steps | p50, ms | p99, ms | p50 of each further step, ms |\n|---:|---:|---:|---:|")
    least, first = CHAINS[0], statistics.median(taken[CHAINS[0]])
    for steps in CHAINS:
        p50, p99 = np.percentile(taken[steps], (50, 99))
        further = f"{(p50 - first) / (steps - least):.3f}" if steps > least else ""
        print(f"| {steps} | {p50:.2f} | {p99:.2f} | {further} |")
    print(flush=True)


def _remote(folder: Path, calls: int) -> None:
    """Ask the same of a step here and of the same step in another sidecar."""
    with workspace(LENGTH, *_ones("far")) as other, sidecar(other) as url:
        flows = [*_ones("here"), *_ones("far", {"where": url})]
        declare(folder, *flows)
        with sidecar(folder) as asked, Client(asked) as client:
            taken: dict[str, list[float]] = {one["service"]: [] for one in flows}
            for _ in range(ROUNDS):
                for name in taken:
                    ask = partial(client.predict, name, [{"count": 1.0}])
                    _times(ask, calls // 10)
                    taken[name] += _times(ask, calls)
    print(f"A step in another sidecar over loopback, one record, {ROUNDS * calls} calls each\n")
    print("| step | here, p50 / p99, ms | there, p50 / p99, ms | added, p50, ms |")
    print("|---|---:|---:|---:|")
    for name in ("service", "kind"):
        near, there = (np.percentile(taken[f"{at}-{name}"], (50, 99)) for at in ("here", "far"))
        said = [f"{p50:.2f} / {p99:.2f}" for p50, p99 in (near, there)]
        print(f"| {name} | {' | '.join(said)} | {there[0] - near[0]:.2f} |")
    print(flush=True)


def _ones(named: str, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return flows of one step: one that asks a service, one that is a kind of step."""
    inputs = {"inputs": {"value": "count"}, **(more or {})}
    return [
        flow(f"{named}-service", {"s": {"predict": "length", **inputs}}, "s.kind.long"),
        flow(f"{named}-kind", {"s": {"handle": "next", **inputs}}, "s.value"),
    ]


def _memory(folder: Path) -> None:
    print("Pages of 4 KiB: the most memory that the process held beyond what it held before\n")
    heads = [f"{items:,} pages, {unit}" for unit in ("MiB", "s") for items in ITEMS]
    print(f"| handed on as | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    for way in WAYS:
        found = [[_one(folder, way, items) for _ in range(ROUNDS)] for items in ITEMS]
        mib, seconds = (
            [statistics.median(one[place] for one in each) for each in found] for place in (0, 1)
        )
        cells = [*(f"{one:.0f}" for one in mib), *(f"{one:.2f}" for one in seconds)]
        print(f"| {way} | {' | '.join(cells)} |", flush=True)


def _one(folder: Path, way: str, items: int) -> tuple[float, float]:
    asked = [sys.executable, __file__, "--pages", str(folder), way, str(items)]
    told = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(told[-2]), float(told[-1])


def _ask_for_pages(folder: str, way: str, items: int) -> None:
    """In a process of its own: print MiB and seconds that the pages take."""
    from minerva.layers.abstraction.flows.serving import flow_of

    with serving(Path(folder)) as container:
        live = container.live.find("default", f"pages-{way}")
        model = flow_of(live)
        model.predict(live.decoder.records([{"count": 10.0}]))
        batch = live.decoder.records([{"count": float(items)}])
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before, begun = _most_mib("VmRSS"), time.perf_counter()
        (total,) = model.predict(batch)["total"]
        seconds = time.perf_counter() - begun
        if total != items:
            raise ValueError(f"{total} of {items} pages were counted")
        print(_most_mib("VmHWM") - before, seconds)


def _most_mib(name: str) -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024


def _times(ask: Callable[[], Any], calls: int) -> list[float]:
    """Return how long each call took, in ms."""
    taken = []
    for _ in range(calls):
        begun = time.perf_counter()
        ask()
        taken.append(1_000 * (time.perf_counter() - begun))
    return taken


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pages"]:
        _ask_for_pages(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS)
