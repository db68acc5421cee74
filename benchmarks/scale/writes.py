"""What is written costs the database: recorded predictions, truths, jobs, and the clock's looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from scale.postgres import Postgres, Spent

if TYPE_CHECKING:
    from minerva.bootstrap import Container

RECORDS, TOGETHER = 40_000, 100
"""A web worker that records as fast as it may, 200 rows a second, writes a hundred at a time."""
TRUTHS, JOBS, BEATS, TICKS = 4_000, 200, 1_000, 100
TENANT = "default"


def measured(database: Postgres, container: Container, service: str) -> dict[str, float]:
    """Return the costs of everything that is written."""
    return {
        **_records(database, container, service),
        **_jobs(database, container, service),
        **_ticks(database, container),
    }


def _records(database: Postgres, container: Container, service: str) -> dict[str, float]:
    from minerva.layers.abstraction.monitoring.record import InferenceRecord
    from minerva.layers.abstraction.monitoring.truth import Truth
    from scale.serving import kept

    now = datetime.now(UTC)
    features, answer = kept(container, service)
    records = [
        InferenceRecord(
            tenant=TENANT, service=service, request_id=f"{number:032x}", row=0, version=1,
            key=f"C-{number}", at=now - timedelta(milliseconds=RECORDS - number), ms=1.0,
            degraded=False, shadow=False, features=features, answer=answer,
        )
        for number in range(RECORDS)
    ]  # fmt: skip
    store, empty = container.stores.inferences, database.size("inferences")

    def write() -> None:
        for start in range(0, RECORDS, TOGETHER):
            store.add(records[start : start + TOGETHER])
        database.ask("CHECKPOINT")

    written = database.spent(write)
    size = database.size("inferences") - empty
    truths = [Truth(one.request_id, 0, None, '"Yes"', now) for one in records[:: RECORDS // TRUTHS]]

    database.ask("ANALYZE inferences")  # else it looks through all of them

    def tell() -> None:
        for start in range(0, len(truths), TOGETHER):
            container.stores.truths.join(TENANT, service, truths[start : start + TOGETHER])

    told = database.spent(tell)
    half = now - timedelta(milliseconds=RECORDS // 2)

    def forget() -> None:
        store.prune(TENANT, service, half, RECORDS)
        database.ask("VACUUM inferences")

    forgotten = database.spent(forget)
    return {
        "record_db_us": written.cpu_s / RECORDS * 1e6,
        "record_bytes": size / RECORDS,
        "record_wal_bytes": written.wal_bytes / RECORDS,
        "truth_db_us": told.cpu_s / len(truths) * 1e6,
        "forget_db_us": forgotten.cpu_s / (RECORDS / 2) * 1e6,
    }


def _jobs(database: Postgres, container: Container, service: str) -> dict[str, float]:
    from dataclasses import replace

    from minerva.layers.abstraction.jobs.job import JobState, Lease
    from minerva.layers.abstraction.jobs.limits import Bounds
    from minerva.layers.abstraction.jobs.store import Ending
    from minerva.testing.job_stores import a_job

    stores, bounds, numbers = container.stores, Bounds({}, 0), count()
    leases, until = stores.leases, datetime.now(UTC) + timedelta(hours=1)

    def run(beats: int = 0) -> None:
        now, token = datetime.now(UTC), f"t{next(numbers)}"
        stores.jobs.submit(replace(a_job(token, TENANT), service=service, created_at=now))
        job_id = leases.next("train", now, bounds)
        assert job_id is not None
        assert leases.claim(job_id, Lease(token, "bench", until), now, bounds) is not None
        for beat in range(beats):
            leases.renew(job_id, token, until, beat / beats, "")
        leases.finish(job_id, token, Ending(JobState.SUCCEEDED, result={}), now)

    for _ in range(10):
        run()
    before = sum(database.size(table) for table in ("jobs", "job_events", "job_logs"))
    whole = _per(database, run, JOBS)
    grown = sum(database.size(table) for table in ("jobs", "job_events", "job_logs")) - before
    beating = database.spent(lambda: run(BEATS))
    return {
        "job_db_ms": whole.cpu_s * 1e3,
        "job_statements": float(database.statements(run)),
        "job_bytes": grown / JOBS,
        "heartbeat_db_us": (beating.cpu_s - whole.cpu_s) / BEATS * 1e6,
    }


def _ticks(database: Postgres, container: Container) -> dict[str, float]:
    """Return what one tick of beat costs when there is nothing to do."""

    def tick() -> None:
        container.sweeper.tick()
        container.scheduler.tick()

    began = time.monotonic()
    tick()
    first_s = time.monotonic() - began
    return {
        "tick_db_ms": _per(database, tick, TICKS).cpu_s * 1e3,
        "tick_statements": float(database.statements(tick)),
        "tick_first_s": first_s,
    }


def _per(database: Postgres, work: Callable[[], object], turns: int) -> Spent:
    def all_turns() -> None:
        for _ in range(turns):
            work()

    spent = database.spent(all_turns)
    return Spent(spent.seconds / turns, spent.cpu_s / turns, spent.wal_bytes / turns)
