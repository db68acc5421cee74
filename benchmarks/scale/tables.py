"""The tables of docs/scaling.md, as lines: what was measured, what the simulation says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from scale import knees
from scale.day import Scaling, curve, through
from scale.deployment import (
    Costs,
    Deployment,
    broker_per_s,
    connections,
    daily,
    database_cores,
    fetched_by_all_s,
    promotion,
    reads_per_s,
    replica_gib,
    web_cores,
    writes_per_s,
)
from scale.herd import Herd, Machine, Simulation
from scale.validate import Compared

SIZES = ((1, 10), (10, 100), (100, 1_000), (1_000, 1_000), (1_000, 10_000))
"""Replicas and services."""
BILLION = 1e9
LOOKED_AT = (1, 10, 100, 1_000)
APART = ("looks", "keys", "changes")
"""Parts of the database's work with a column of their own."""
WHOLE_FROM = 100
LIMIT_S = 60.0
"""A change that is not served so long after is not waited for."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table whose first column is text and whose others are numbers."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(row)} |" for row in (head, marks, *rows)]


def said(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    if value == 0:
        return "0"
    if abs(value) >= WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 / 1e3 else f"{value:.1g}"


def validation(found: Sequence[Compared]) -> list[str]:
    """Return what was predicted and measured, side by side."""
    rows = [
        (one.what, str(one.replicas), said(one.predicted), said(one.measured), f"{one.ratio:.2f}")
        for one in found
    ]
    return table(("what", "replicas", "predicted", "measured", "measured / predicted"), rows)


def sizes(costs: Costs) -> list[str]:
    """Return what the database and the broker are asked, from one replica to a thousand."""
    rows = []
    for replicas, services in SIZES:
        one = Deployment(replicas, services, predictions_per_day=replicas * 1e6, sample=0.01)
        one = replace(one, workers=max(1, services // 100))
        cores = database_cores(one, costs)
        rows.append(
            (
                f"{replicas:,} replica{'s' * (replicas > 1)}, {services:,} services",
                said(sum(reads_per_s(one, costs).values())),
                said(sum(writes_per_s(one).values())),
                said(one.changes_per_s),
                *(said(cores[name]) for name in APART),
                said(
                    sum(
                        cores[name]
                        for name in ("records", "truths", "jobs", "clock", "scrapes", "base")
                    )
                ),
                said(sum(cores.values())),
                said(connections(one)),
                said(broker_per_s(one, costs)),
            )
        )
    head = (
        "deployment", "reads/s", "writes/s", "changes/s", "cores: looks", "keys", "changes", "rest",
        "cores in all", "connections", "broker, commands/s",
    )  # fmt: skip
    return table(head, rows)


def herds(costs: Costs) -> list[str]:
    """Return what a change costs those that look: delta and everything, by replicas and cores."""
    rows = [
        _herd_row(f"{replicas:,}", cores, _herd(costs, replicas, cores))
        for replicas in LOOKED_AT
        for cores in (4, 16)
    ]
    everything = {"read_ms": costs["all_10000_db_ms"]}
    rows += [
        _herd_row(
            f"{replicas:,}, all 10,000 services read",
            cores,
            _herd(costs, replicas, cores, **everything),
        )
        for replicas, cores in ((100, 16), (100, 4), (1_000, 16))
    ]
    head = (
        "replicas", "cores", "a look, p50, ms", "p99, ms", "served by half, s", "by all, s",
        "given up",
    )  # fmt: skip
    return table(head, rows)


def _herd(costs: Costs, replicas: int, cores: float, read_ms: float | None = None) -> Herd:
    one = Deployment(replicas, 1_000, predictions_per_day=replicas * 1e6, sample=0.01)
    random = np.random.default_rng(replicas)
    machine = Machine(database_cores=cores)
    return Simulation(one, machine, costs, random, artefact_mb=1.0, read_ms=read_ms).run()


def _herd_row(name: str, cores: float, herd: Herd) -> Sequence[str]:
    whole = len(herd.served_s) > 0
    half = said(float(np.median(herd.served_s))) if whole else "never"
    last = said(herd.last_s) if herd.last_s < LIMIT_S else "not in 60"
    return (
        name, f"{cores:g}", said(herd.look_ms(0.5)), said(herd.look_ms(0.99)), half, last,
        str(herd.given_up),
    )  # fmt: skip


def stores(costs: Costs) -> list[str]:
    """Return what one promotion has the artefact store send, and for how long, by size."""
    rows = []
    for megabytes in (1, 100, 1_000):
        sized = {**costs, "fetch_bytes": megabytes * 1e6}
        for replicas in (10, 100, 1_000):
            requests, gigabytes = promotion(Deployment(replicas), sized)
            one = Deployment(replicas)
            lasts = [fetched_by_all_s(one, costs, megabytes, speed) for speed in (1_250, 12_500)]
            name = f"{megabytes:,} MB, {replicas:,} replicas"
            rows.append((name, said(requests), said(gigabytes), *map(said, lasts)))
    head = ("version", "requests", "GB", "served by all, s: 10 Gbit/s", "100 Gbit/s")
    return table(head, rows)


def billion(costs: Costs) -> list[str]:
    """Return what 10⁹ predictions a day take, in four ways to ask and record."""
    rows = []
    for name, records, sample in (
        ("one a call, all recorded", 1, 1.0),
        ("one a call, 1 % recorded", 1, 0.01),
        ("100 a call, 1 % recorded", 100, 0.01),
        ("100 a call, none recorded", 100, 0.0),
    ):
        one = Deployment(
            services=1_000, predictions_per_day=BILLION, records_per_call=records, sample=sample
        )
        cores = web_cores(replace(one, replicas=0), costs) / Scaling().target
        one = replace(one, replicas=max(2, round(cores / one.web_workers)))
        grown = daily(one, costs)
        rows.append(
            (
                name,
                str(one.replicas),
                str(one.replicas * one.web_workers),
                said(one.replicas * replica_gib(one, costs)),
                said(sum(database_cores(one, costs).values())),
                said(connections(one)),
                said(grown.records),
                said(grown.wal),
                said(grown.log),
            )
        )
    head = (
        "calls", "replicas", "vCPU", "GiB", "database, cores", "connections", "records, GB/day",
        "WAL, GB/day", "log, GB/day",
    )  # fmt: skip
    return table(head, rows)


def days(costs: Costs) -> list[str]:
    """Return what autoscaling makes of a day of 10⁹ calls with a peak and a burst."""
    calls = curve(BILLION, 2.0, burst=2.0)
    core = 1e6 / costs["one_web_us"]
    rows = []
    for target in (0.5, 0.6, 0.8):
        for start_s in (15, 60, 300):
            day = through(calls, core, 2, Scaling(target=target, start_s=start_s))
            rows.append(
                (
                    f"{target:.0%} busy, a replica starts in {start_s} s",
                    said(day.replica_hours * 2),
                    said(float(day.replicas.max())),
                    f"{day.waiting(0.1):.2%}",
                    said(float(day.waited_s.max())),
                )
            )
    head = (
        "autoscaling",
        "vCPU hours",
        "most replicas",
        "calls that waited > 100 ms",
        "longest wait, s",
    )
    return table(head, rows)


def limits(costs: Costs) -> list[str]:
    """Return where each part ends, as it is set by default and as it may be set."""
    room = knees.Limits()
    asked = Deployment(services=1_000, predictions_per_day=BILLION, sample=0.01)
    rows = [*_limits_of_replicas(asked, costs, room), *_limits_of_services(asked, costs, room)]
    return table(("part", "default", "with", "then"), rows)


def _limits_of_replicas(
    asked: Deployment, costs: Costs, room: knees.Limits
) -> Iterator[Sequence[str]]:
    slow = replace(asked, poll_interval_s=2.0)
    yield (
        "connections, 100 (PostgreSQL's default): replicas",
        said(knees.replicas_by_connections(asked, replace(room, connections=100))),
        "`max_connections` 1,000",
        said(knees.replicas_by_connections(asked, replace(room, connections=1_000))),
    )
    yield (
        "database, 4 cores, 1,000 services: replicas",
        said(knees.replicas_by_cores(asked, costs, room)),
        "`poll_interval_s` 2",
        said(knees.replicas_by_cores(slow, costs, room)),
    )
    yield (
        "recorded predictions, 1,000 GB of WAL a day: millions a day",
        said(knees.predictions_by_wal(replace(asked, sample=1.0), costs, room)),
        "`sample: 0.01`",
        said(knees.predictions_by_wal(asked, costs, room)),
    )


def _limits_of_services(
    asked: Deployment, costs: Costs, room: knees.Limits
) -> Iterator[Sequence[str]]:
    many = replace(asked, replicas=100)
    seldom = replace(many, changes_per_service_day=2 / 7, jobs_per_service_day=1 / 7)
    yield (
        "memory, 2 GiB for a replica: services",
        said(knees.services_by_memory(many, costs, room)),
        "4 GiB",
        said(knees.services_by_memory(many, costs, replace(room, replica_gib=4))),
    )
    yield (
        "database, 4 cores, 100 replicas: services",
        said(knees.services_by_cores(many, costs, room)),
        "a training each week",
        said(knees.services_by_cores(seldom, costs, room)),
    )
    yield (
        "the registry's row, 200 changes/s: services",
        said(knees.services_by_writes(many, room)),
        "",
        "",
    )


def measured(costs: Costs) -> list[str]:
    """Return what one of each costs."""
    return table(
        ("one", "database, ms of a core", "web worker, ms of a core", "statements", "bytes"),
        [(name, *map(_cell, cells)) for name, *cells in _measured(costs)],
    )


def _cell(value: float | None) -> str:
    return "" if value is None else said(value)


def _measured(
    costs: Costs,
) -> Iterator[tuple[str, float | None, float | None, float | None, float | None]]:
    def ms(name: str) -> float:
        return costs[name] / 1e3

    content = costs["configuration_bytes"] + costs["version_bytes"]
    yield "look at the registry that finds no change", ms("poll_db_us"), ms("poll_web_us"), 2, None
    yield "look-up of a key", ms("key_db_us"), None, 2, None
    yield "change of the registry, written", ms("change_1000_write_db_us"), None, None, None
    for count in (10, 1_000, 10_000):
        read, web = ms(f"change_{count}_db_us"), ms(f"change_{count}_web_us")
        yield f"change of one service among {count:,}, read", read, web, 5, content
    for count in (10, 1_000, 10_000):
        read, web = costs[f"all_{count}_db_ms"], costs[f"all_{count}_web_ms"]
        yield f"all {count:,} services, read at the start", read, web, 3, content * count
    yield "version, loaded and proved", None, costs["load_web_ms"], 0, costs["fetch_bytes"]
    yield "prediction, one record a call", None, ms("one_web_us"), 0, costs["one_log_bytes"]
    yield "call of 100 records", None, ms("hundred_web_us"), 0, costs["hundred_log_bytes"]
    yield "recorded prediction, written", ms("record_db_us"), None, None, costs["record_bytes"]
    yield "recorded prediction, forgotten", ms("forget_db_us"), None, None, None
    yield "truth, joined", ms("truth_db_us"), None, None, None
    yield (
        "job, from submission to end",
        costs["job_db_ms"],
        None,
        costs["job_statements"],
        costs["job_bytes"],
    )
    yield "heartbeat of a job", ms("heartbeat_db_us"), None, None, None
    yield "look of Prometheus at a replica", ms("scrape_db_us"), None, 4, None
    yield "tick of beat, every 5 s", costs["tick_db_ms"], None, costs["tick_statements"], None
    yield (
        "beat reads 10,000 declarations after a change",
        costs["clock_10000_db_ms"], costs["clock_10000_ms"], 3, costs["configuration_bytes"] * 10_000,
    )  # fmt: skip


SIMULATED: Mapping[str, Callable[[Costs], list[str]]] = {
    "What one of each costs": measured,
    "From one replica to a thousand": sizes,
    "When something changes": herds,
    "The artefact store": stores,
    "Where it breaks first": limits,
    "A billion predictions a day": billion,
    "A day with a peak": days,
}
"""Heading of docs/scaling.md → what makes its table from costs alone."""
