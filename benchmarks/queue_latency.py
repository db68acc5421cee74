"""How long from sending a job's id to its start in a worker, on the embedded queue.

Run: python benchmarks/queue_latency.py [SENDS]
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

WITHIN_S = 60.0
LONGEST_PAUSE_S = 0.3


def main(sends: int) -> None:
    """Send ids one by one, each after the one before has started, and print the percentiles."""
    from minerva.adapters.queue.celery_app import POLLING_INTERVAL_S, make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        queue = CeleryQueue(make_celery(_url(folder)))
        worker = subprocess.Popen([sys.executable, __file__, "--worker", name])
        try:
            _send(queue, folder, "warm-up")
            taken = sorted(_send(queue, folder, str(number)) for number in range(sends))
        finally:
            worker.terminate()
            worker.wait()
    p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    print(f"polling every {POLLING_INTERVAL_S * 1000:.0f} ms, {sends} sends:")
    print(f"send to start p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")


def work(folder: Path) -> None:
    """Be the worker: note when each id arrives."""
    from minerva.adapters.queue.celery_app import RUN_JOB, make_celery

    app = make_celery(_url(folder))

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


def _url(folder: Path) -> str:
    return f"filesystem://{folder / 'queue'}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
