"""How a flow gains from workers: a step of it on a queue, and all of it as a batch job.

A step that sleeps, as one that waits for another machine does, so that four workers gain on any number of
cores: each row is a job of its own, by one, two and four `minerva worker` that do one job at a time. Then
`minerva batch` of a flow that spreads each row and asks a service, which needs processors, by one worker
and by two.

Run: python benchmarks/flow_workers.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from flow_workspace import LENGTH, flow, process, serving, sidecar, workers, workspace
from sidecar import minerva

ROUNDS = 3
JOBS, SLEEP_S = 8, 8.0
"""Long enough that a worker's next process is ready for the next job."""
WORKERS = (1, 2, 4)
ROWS, SPREAD, PARTS = 400_000, 10, 4
REST_S = 5.0
"""So long after a job another process is ready for the next one."""
SLEEPING = {
    "numbers": {"collect": "numbers"},
    "sleep": {
        "handle": "sleep",
        "each": "numbers",
        "inputs": {"value": "numbers.value"},
        "parameters": {"seconds": SLEEP_S},
        "where": "queue:batch",
        "batch": 1,
        "parallel": JOBS,
    },
    "total": {"post": "total", "inputs": {"value": "sleep.value"}},
}
ASKING = {
    "numbers": {"collect": "numbers"},
    "kind": {"predict": "length", "each": "numbers", "inputs": {"value": "numbers.value"}},
    "total": {"post": "total", "inputs": {"value": "kind.kind.long"}},
}


def main(rounds: int) -> None:
    """Print both tables."""
    bulk = flow("bulk", ASKING, "total.total")
    bulk["schema"] = {"key": "id", **bulk["schema"]}
    with workspace(LENGTH, flow("sleeping", SLEEPING, "total.total"), bulk) as folder:
        _a_step(folder, rounds)
        _in_bulk(folder, rounds)


def _a_step(folder: Path, rounds: int) -> None:
    print(
        f"{JOBS} rows of a step that sleeps {SLEEP_S:.0f} s, each a job, {os.cpu_count()} cores\n"
    )
    print("| workers | s | times as quick |\n|---:|---:|---:|")
    first = 0.0
    with serving(folder) as container, process(folder, "beat"):
        from minerva.layers.abstraction.flows.serving import flow_of

        live = container.live.find("default", "sleeping")
        model, batch = flow_of(live), live.decoder.records([{"count": float(JOBS)}])
        one = live.decoder.records([{"count": 1.0}])
        for count in WORKERS:
            taken = []
            with workers(folder, count):
                model.predict(one)  # the workers are up
                for _ in range(rounds):
                    time.sleep(REST_S)
                    begun = time.perf_counter()
                    model.predict(batch)
                    taken.append(time.perf_counter() - begun)
            seconds = statistics.median(taken)
            first = first or seconds
            print(f"| {count} | {seconds:.1f} | {first / seconds:.2f} |", flush=True)
    print()


def _in_bulk(folder: Path, rounds: int) -> None:
    rows = "".join(f"r{row},{SPREAD}\n" for row in range(ROWS))
    (folder / "data" / "rows.csv").write_text(f"id,count\n{rows}")
    print(f"minerva batch of {ROWS:,} rows, each spread to {SPREAD}, in {PARTS} parts\n")
    print("| workers | s | rows of steps/s | times as quick |\n|---:|---:|---:|---:|")
    first = 0.0
    with sidecar(folder) as url, process(folder, "beat"):
        for count in WORKERS[:2]:
            with workers(folder, count):
                _batch(folder, url)
                taken = []
                for _ in range(rounds):
                    time.sleep(REST_S)
                    taken.append(_batch(folder, url))
            seconds = statistics.median(taken)
            first = first or seconds
            rate = ROWS * SPREAD / seconds
            print(f"| {count} | {seconds:.1f} | {rate:,.0f} | {first / seconds:.2f} |", flush=True)


def _batch(folder: Path, url: str) -> float:
    """Return how long the job took, from its acceptance to its end."""
    os.environ |= {"MINERVA_AUTH": "none", "MINERVA_PORT": url.rpartition(":")[2]}
    output = folder / "data" / "scores.csv"
    output.unlink(missing_ok=True)
    begun = time.perf_counter()
    minerva(
        folder, "batch", "bulk", "data/rows.csv", "--to", "data/scores.csv",
        "--parts", str(PARTS), "--json",
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    lines = output.read_text().count("\n")
    if lines != ROWS + 1:
        raise ValueError(f"{lines - 1} of {ROWS} rows were written")
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
