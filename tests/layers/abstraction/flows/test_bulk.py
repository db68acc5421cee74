"""Batches by flows: in a job's own process, taken up after a kill, by one version of all that is asked."""

import csv
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pyarrow as pa
import pytest
from flow_house import RISK, House, flow
from pyarrow import parquet
from waiting import wait_until

from minerva.bootstrap import open_web
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.runner import Pace
from minerva.settings import load

ROWS, SPREAD, HELD_FROM, CHUNKS_BEFORE = 140_000, 2, 100_000, 3
"""Chunks have 32,768 rows; the fourth one is held."""
ANN = Asked(tenant="default", service="flow", author="ann")
HIGH = 0.75
OTHER_HIGH = 0.5


@pytest.fixture
def house(workspace):
    """A process that serves a workspace whose folder `data` callers may name."""
    (workspace / "minerva.toml").write_text('data_places = "data"\nretry_pause_s = 0.01\n')
    (workspace / "data").mkdir()
    with ExitStack() as opened:
        yield House(opened.enter_context(open_web(load(workspace, {}))), workspace)


def declared(house):
    """A flow that spreads rows, asks a service for each and may be held; return where it says so."""
    steps = {
        "rows": {"collect": "rows"},
        "hold": {"handle": "hold", "inputs": {"value": "at"}, "parameters": {"at": HELD_FROM}},
        "risk": {
            "predict": "risk", "each": "rows", "inputs": {"value": "hold.value"},
        },
        "total": {"post": "total", "inputs": {"value": "risk.level.high"}},
    }  # fmt: skip
    inputs = {"count": {"type": "number"}, "at": {"type": "number"}}
    one = flow(steps, answer={"total": "total.total"}, inputs=inputs)
    one["schema"]["key"] = "id"
    assert house.declare(RISK, one) == []
    return house.container.loaded.state / "volumes" / "default" / "flow" / "shared"


def ask(house, rows, **more):
    """Submit a batch of so many rows."""
    numbers = {"count": [float(SPREAD)] * rows, "at": [float(row) for row in range(rows)]}
    people = pa.table({"id": [f"r{row}" for row in range(rows)], **numbers})
    parquet.write_table(people, house.workspace / "data" / "rows.parquet")
    payload = {"input": "data/rows.parquet", "output": "data/scores.csv", **more}
    return house.container.jobs.submit("batch", ANN, payload)[0]


def run(house, job):
    """Run a job in a process of its own."""
    pace = Pace(lease_s=60, first_pause_s=0)
    replace(house.container.runner, pace=pace, _stopping=threading.Event()).run(job.id)


def job_of(house, job):
    return house.container.jobs.get("default", job.id)


def answers(house):
    """Return id → total, as written."""
    with (house.workspace / "data" / "scores.csv").open() as file:
        return {row["id"]: float(row["total"]) for row in csv.DictReader(file)}


def promote_another_risk(house):
    """Have another version of the service that is asked serve."""
    other = {**RISK, "parameters": {"rules": [], "otherwise": {"level": {"low": 0.5, "high": 0.5}}}}
    assert house.declare(other) == []
    assert house.container.registry.aliases("default", "risk")["champion"] == 2


def right(rows):
    """What the first version makes of the rows."""
    return {f"r{row}": SPREAD * (HIGH if row > 10 else 0.0) for row in range(rows)}


@contextmanager
def at_work(house, job, shared):
    """Run a job until one of its steps is held; give the process that does it and what it has staged."""
    (shared / "held").unlink(missing_ok=True)
    with ThreadPoolExecutor(1) as workers:
        running = workers.submit(run, house, job)
        try:
            wait_until(lambda: (shared / "held").exists() or running.done())
            staging = house.workspace / "data" / f".scores.csv.{job.id}"
            staged = {path: path.stat().st_mtime_ns for path in staging.glob("*/*.arrow")}
            yield int((shared / "held").read_text()), staged
            running.result(60)
        finally:
            (shared / "go").touch()


def test_a_batch_by_a_flow_is_killed_and_taken_up_and_all_rows_have_the_versions_of_its_start(
    house,
):
    shared = declared(house)
    job = ask(house, ROWS)
    with at_work(house, job, shared) as (holder, before):
        promote_another_risk(house)
        os.kill(holder, signal.SIGKILL)
    assert holder != os.getpid()
    assert job_of(house, job).state is JobState.QUEUED
    assert len(before) == CHUNKS_BEFORE

    (shared / "go").unlink()
    with at_work(house, job, shared) as (_, after):
        (shared / "go").touch()

    ended = job_of(house, job)
    assert after == before
    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 2), ended.error
    assert answers(house) == right(ROWS)


def test_parts_of_a_batch_have_the_versions_of_the_whole(house):
    shared = declared(house)
    shared.mkdir(parents=True)
    (shared / "go").touch()
    job = ask(house, 1_000, parts=2)
    run(house, job)
    parts = house.container.jobs.list("default", parent=job.id)
    run(house, parts[0])
    promote_another_risk(house)
    run(house, parts[1])

    run(house, job)

    ended = job_of(house, job)
    assert (ended.state, len(parts)) == (JobState.SUCCEEDED, 2), ended.error
    assert answers(house) == right(1_000)


def test_a_batch_that_is_accepted_later_has_the_version_that_serves_then(house):
    shared = declared(house)
    shared.mkdir(parents=True)
    (shared / "go").touch()
    promote_another_risk(house)
    job = ask(house, 10)

    run(house, job)

    assert answers(house) == {f"r{row}": SPREAD * OTHER_HIGH for row in range(10)}
