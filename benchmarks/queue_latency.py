"""How long from sending a job's id to its start in a worker, on the embedded queue and on Redis.

Run: python benchmarks/queue_latency.py [SENDS]
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WITHIN_S = 60.0
LONGEST_PAUSE_S = 0.3


def main(sends: int) -> None:
    """Send ids one by one, each after the one before has started, and print the percentiles."""
    with tempfile.TemporaryDirectory() as name:
        _measure("embedded", f"filesystem://{name}/queue", Path(name), sends)
    with tempfile.TemporaryDirectory() as name, _redis(Path(name)) as url:
        _measure("Redis", url, Path(name), sends)


def _measure(title: str, url: str, folder: Path, sends: int) -> None:
    from minerva.adapters.queue.celery_app import make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    queue = CeleryQueue(make_celery(url))
    worker = subprocess.Popen([sys.executable, __file__, "--worker", url, str(folder)])
    try:
        _send(queue, folder, "warm-up")
        taken = sorted(_send(queue, folder, str(number)) for number in range(sends))
    finally:
        worker.terminate()
        worker.wait()
    p50, p95, p99 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    print(
        f"{title:9} {sends} sends: send to start p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms"
    )


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def work(url: str, folder: Path) -> None:
    """Be the worker: note when each id arrives."""
    from minerva.adapters.queue.celery_app import RUN_JOB, make_celery

    app = make_celery(url)

    @app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # celery has no types
    def run_job(job_id: str, _queue: str) -> None:
        unfinished = folder / f"{job_id}.part"
        unfinished.write_text(str(time.time()))
        unfinished.rename(folder / f"{job_id}.started")

    warnings.simplefilter("ignore")  # about root, which is not at issue here
    app.Worker(queues=["train"], pool="threads", concurrency=2, quiet=True).start()


def _send(queue: object, folder: Path, job_id: str) -> float:
    time.sleep(random.random() * LONGEST_PAUSE_S)
    sent = time.time()
    queue.send(job_id, "train")  # type: ignore[attr-defined]  # the port, known to be one
    started = folder / f"{job_id}.started"
    while not started.exists():
        if time.time() - sent > WITHIN_S:
            raise TimeoutError(f"{job_id} did not start within {WITHIN_S:.0f} s")
        time.sleep(0.001)
    return float(started.read_text()) - sent


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
