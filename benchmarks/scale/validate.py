"""The simulation beside real replicas: statements, the database's CPU, when a promotion is served."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sidecar import Sidecar, wait

from scale.deployment import Costs, Deployment, database_cores, reads_per_s
from scale.herd import Herd, Machine, Simulation
from scale.measure import SERVICE, opened, prepared
from scale.postgres import Postgres
from scale.registry import fill
from scale.replicas import replicas, stopped

if TYPE_CHECKING:
    from minerva.bootstrap import Container

COUNTS = (1, 2, 4, 8, 16)
PROMOTED = (4, 16)
SERVICES = 200
IDLE_S = 10.0
PROMOTIONS = 6


@dataclass(frozen=True)
class Compared:
    """One figure as it was predicted and as it was measured."""

    what: str
    replicas: int
    predicted: float
    measured: float

    @property
    def ratio(self) -> float:
        """Measured beside predicted."""
        return self.measured / self.predicted


def compared(costs: Costs) -> list[Compared]:
    """Run up to sixteen replicas of one web worker each on one database."""
    with (
        prepared() as (database, source, shared),
        opened(source, shared, database.url, "") as container,
    ):
        fill(container, SERVICE, 0, SERVICES, served=False)
        database.ask("VACUUM ANALYZE")
        return list(_compare(database, container, source, shared, costs))


def _compare(
    database: Postgres, container: Container, source: Path, shared: Path, costs: Costs
) -> Iterator[Compared]:
    with replicas(max(COUNTS), source, shared, database.url, "") as running:
        time.sleep(5.0)  # whoever has just started reads its files
        for count in COUNTS:
            with stopped(running[count:]):
                yield from _idle(database, count, costs)
        for count in PROMOTED:
            with stopped(running[count:]):
                yield from _promoted(database, container, running[:count], costs)


def _idle(database: Postgres, count: int, costs: Costs) -> Iterator[Compared]:
    one = Deployment(replicas=count, web_workers=1, services=0, beats=0, workers=0, scrape_s=inf)
    spent = database.spent(lambda: time.sleep(IDLE_S))
    asked = database.statements(lambda: time.sleep(IDLE_S))
    predicted = sum(reads_per_s(one, costs).values())
    yield Compared("statements a second, idle", count, predicted, asked / IDLE_S)
    what = "database, idle, ms of a core each second"
    cores = sum(database_cores(one, costs).values())
    yield Compared(what, count, cores * 1e3, spent.cpu_s / spent.seconds * 1e3)


def _promoted(
    database: Postgres, container: Container, running: Sequence[Sidecar], costs: Costs
) -> Iterator[Compared]:
    """Promote again and again; each replica tells in its log when it has looked."""
    one = Deployment(
        replicas=len(running), web_workers=1, services=0, beats=0, workers=0, scrape_s=inf
    )
    idle = database.spent(lambda: time.sleep(IDLE_S))
    lasts, cpu = [], []
    for turn in range(PROMOTIONS):
        before = database.look()
        lasts.append(_promote(container, running, 1 + turn % 2))
        spent = database.look() - before
        cpu.append(spent.cpu_s - idle.cpu_s / idle.seconds * spent.seconds)
        time.sleep(0.3 * (turn + 1))  # not in step with the looks
    herds = [_simulated(one, costs, seed) for seed in range(20)]
    last = float(np.median([herd.last_s for herd in herds]))
    yield Compared("a promotion served by all, s", len(running), last, float(np.median(lasts)))
    each_ms = costs["change_100_db_us"] * len(running) / 1e3 + costs["change_100_write_db_us"] / 1e3
    yield Compared(
        "database, for one promotion, ms of a core",
        len(running), each_ms, float(np.median(cpu)) * 1e3,
    )  # fmt: skip


def _promote(container: Container, running: Sequence[Sidecar], number: int) -> float:
    container.registry.promote("default", SERVICE, number, author="bench", reason="")
    moved = time.monotonic()
    revision = container.stores.revision.current()
    mark = f'"revision":{revision},'.encode()
    logs = [next((one.workspace / ".minerva" / "logs").glob("web*")) for one in running]
    for log in logs:
        wait(partial(_tells, log, mark), "a replica's look")
    return time.monotonic() - moved


def _tells(log: Path, mark: bytes) -> bool:
    return mark in log.read_bytes()


def _simulated(one: Deployment, costs: Costs, seed: int) -> Herd:
    machine = Machine(database_cores=2.0, store_mb_s=1e5, client_mb_s=1e4, request_s=0.0)
    told = {**costs, "change_1000_db_us": costs["change_100_db_us"], "load_web_ms": 0.0}
    return Simulation(one, machine, told, np.random.default_rng(seed), artefact_mb=0.2).run()
