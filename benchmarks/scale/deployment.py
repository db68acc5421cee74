"""A deployment as figures, and what each part of it is asked: pure arithmetic on measured costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DAY_S = 86_400.0
KEY_FRESH_S = 0.8
PACE_ROWS_S = 200.0
FLUSHED_PER_S = 2.0
"""See `Keyring` and `Recorder`: how long a key is believed, the most rows, how often they are written."""
HEARTBEATS_PER_S = 0.5
SWEEP_S = 5.0
PRUNE_S = 600.0

Costs = Mapping[str, float]
"""What `costs.json` holds."""


@dataclass(frozen=True)
class Deployment:
    """What runs, how much it is asked, and how it is set."""

    replicas: int = 1
    services: int = 10
    predictions_per_day: float = 0.0
    web_workers: int = 2
    """Of each replica."""
    keys: int = 1
    """Keys with which each web worker is asked in any second."""
    peak: float = 2.0
    """The busiest hour, in times of the mean."""
    records_per_call: int = 1
    changes_per_service_day: float = 2.0
    """Registry revisions: a training each night registers a version and promotes it."""
    jobs_per_service_day: float = 1.0
    job_s: float = 60.0
    workers: int = 1
    beats: int = 1
    feedback: float = 0.1
    """Share of the recorded predictions whose truth is told."""
    poll_interval_s: float = 0.5
    sample: float = 1.0
    keep_rows: float = 1e6
    scrape_s: float = 15.0
    """How often Prometheus asks each replica, which then counts the jobs in the database."""
    connections_each: float = 5.0
    """Of a web worker that is asked; SQLAlchemy's pool opens 15 at most."""

    @property
    def processes(self) -> int:
        """Web workers in all."""
        return self.replicas * self.web_workers

    @property
    def calls_per_s(self) -> float:
        """Of the mean hour."""
        return self.predictions_per_day / self.records_per_call / DAY_S

    @property
    def changes_per_s(self) -> float:
        """Registry revisions a second."""
        return self.services * self.changes_per_service_day / DAY_S

    @property
    def jobs_per_s(self) -> float:
        """Jobs that start in a second."""
        return self.services * self.jobs_per_service_day / DAY_S

    @property
    def recorded_per_s(self) -> float:
        """Rows a second that are recorded in the mean hour: what web workers leave out is not."""
        wanted = self.predictions_per_day * self.sample / DAY_S
        return min(wanted, self.processes * PACE_ROWS_S)


def reads_per_s(one: Deployment, costs: Costs) -> dict[str, float]:
    """Return statements a second that only read, by what asks. A look and a key cost a ping each."""
    asked = one.processes if one.predictions_per_day else 0
    return {
        "looks": 2 * one.processes / one.poll_interval_s,
        "keys": 2 * min(asked * one.keys / KEY_FRESH_S, one.calls_per_s),
        "changes": 5 * one.processes * one.changes_per_s,
        "scrapes": 4 * one.replicas / one.scrape_s,
        "clock": one.beats * costs["tick_statements"] / SWEEP_S + one.services * 3 / PRUNE_S,
    }


def writes_per_s(one: Deployment) -> dict[str, float]:
    """Return transactions a second that write, by what they write."""
    batches = min(one.recorded_per_s, one.processes * FLUSHED_PER_S)
    running = one.jobs_per_s * one.job_s
    return {
        "registry": one.changes_per_s,
        "records": batches,
        "truths": one.recorded_per_s * one.feedback,
        "jobs": 4 * one.jobs_per_s + running * HEARTBEATS_PER_S,
    }


def database_cores(one: Deployment, costs: Costs) -> dict[str, float]:
    """Return the cores of the database that each part keeps busy in the mean hour.

    `base` is what it does for nobody: it looks for work.
    """
    reads = reads_per_s(one, costs)
    us = {
        "looks": reads["looks"] / 2 * costs["poll_db_us"],
        "keys": reads["keys"] / 2 * costs["key_db_us"],
        "changes": one.changes_per_s
        * (one.processes * costs["change_1000_db_us"] + costs["change_1000_write_db_us"]),
        "records": one.recorded_per_s * (costs["record_db_us"] + costs["forget_db_us"]),
        "truths": one.recorded_per_s * one.feedback * costs["truth_db_us"],
        "jobs": one.jobs_per_s
        * (costs["job_db_ms"] * 1e3 + one.job_s * HEARTBEATS_PER_S * costs["heartbeat_db_us"]),
        "scrapes": one.replicas / one.scrape_s * costs["scrape_db_us"],
        "base": costs["base_db_ms_per_s"] * 1e3,
        "clock": one.beats * costs["tick_db_ms"] * 1e3 / SWEEP_S
        + one.services * 3 / PRUNE_S * costs["poll_db_us"],
    }
    return {name: value / 1e6 for name, value in us.items()}


def connections(one: Deployment) -> float:
    """Return how many connections the database holds."""
    each = one.connections_each if one.predictions_per_day else 1.0
    return one.processes * each + 2.0 * one.workers + one.beats


def web_cores(one: Deployment, costs: Costs) -> float:
    """Return the cores that answer the calls of the busiest hour, of 1 to 100 records each."""
    single, hundred = costs["one_web_us"], costs["hundred_web_us"]
    each_us = single + (hundred - single) * (one.records_per_call - 1) / 99
    looks = one.processes / one.poll_interval_s * costs["poll_web_us"]
    changes = one.processes * one.changes_per_s * costs["change_1000_web_us"]
    return (one.calls_per_s * one.peak * each_us + looks + changes) / 1e6


def replica_gib(one: Deployment, costs: Costs) -> float:
    """Return a replica's memory: the process tree with one service, and what each further one adds."""
    idle = costs["idle_service_kb"] / 1024 * (one.services - 1) * one.web_workers
    further = costs["web_worker_mib"] * (one.web_workers - 1)
    return (costs["replica_mib"] + further + idle) / 1024


@dataclass(frozen=True)
class Daily:
    """What grows in a day, in GB of 10⁹ bytes."""

    records: float
    wal: float
    log: float
    kept: float
    """What the table of records grows to, as `keep_rows` bounds it."""


def daily(one: Deployment, costs: Costs) -> Daily:
    """Return what a day adds: to the database, to its own log, to the shared log."""
    rows = one.recorded_per_s * DAY_S
    month = rows * 30
    return Daily(
        records=rows * costs["record_bytes"] / 1e9,
        wal=rows * costs["record_wal_bytes"] / 1e9,
        log=one.calls_per_s * DAY_S * costs["one_log_bytes"] / 1e9,
        kept=min(month, one.services * one.keep_rows) * costs["record_bytes"] / 1e9,
    )


def broker_per_s(one: Deployment, costs: Costs) -> float:
    """Return the commands a second that the broker is sent: a message for each job, and what waits."""
    return (
        one.jobs_per_s * (costs["send_commands"] + 2) + one.workers * costs["worker_commands_per_s"]
    )


def promotion(one: Deployment, costs: Costs) -> tuple[float, float]:
    """Return requests and GB that a promotion has the artefact store answer: each process fetches once."""
    return (
        one.processes * costs["fetch_requests"],
        one.processes * costs["fetch_bytes"] / 1e9,
    )


def fetched_by_all_s(
    one: Deployment, costs: Costs, megabytes: float, store_mb_s: float, client_mb_s: float = 100.0
) -> float:
    """Return when a promotion is served by all, where the artefact store's network bounds it."""
    sent_s = max(megabytes / client_mb_s, one.processes * megabytes / store_mb_s)
    return one.poll_interval_s + costs["fetch_requests"] * 0.02 + sent_s
