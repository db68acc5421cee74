"""The declaration of a service: the meaning of one `services/*.yaml` file."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec

from minerva.schema import Schema

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$(?!\n)")]
Requirement = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][^\s;|&`$-][^\n]{0,200}$(?!\n)")]
"""One library as pip names it; never an option of pip."""
Scope = Literal["nobody", "workspace", "anyone"]
Reason = Annotated[str, msgspec.Meta(max_length=500)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Missed = Literal["once", "skip"]
"""What becomes of runs that were due while no clock was running: one run for all of them, or none."""
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a declaration: a misspelt name is a mistake, not an extra."""


class DataChecks(Strict, frozen=True, omit_defaults=True):
    """What training data must be like; a training whose data is not stops with a report."""

    min_rows: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_duplicates: Part | None = None
    """Share of rows that repeat another, truth and all."""
    max_missing: Part | None = None
    """Share of rows in which any one input may be missing."""
    min_class_share: Part | None = None
    """Share of rows that each answer must have."""
    max_drift: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Most that an input's stability index may be against the rows that the champion learnt from."""


class SequenceDeclaration(Strict, frozen=True, omit_defaults=True):
    """How rows by key and time become records that bring the last values of some columns.

    x_1 is the row's own value, x_2 that of the row before it of the same key; none is of a later row.
    """

    key: str
    """Column that tells whose row it is."""
    time: str
    """Column that rows of a key are put in order by: numbers or moments."""
    columns: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    window: Annotated[int, msgspec.Meta(ge=2, le=1000)]
    """Rows that a record looks back on, its own too."""
    per: Literal["row", "key"] = "row"
    """Whether each row is a record to learn from, or the last one of each key."""
    at_least: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Rows without which there is no record; earlier values are then missing. None: the whole window."""

    @property
    def needed(self) -> int:
        """Return how many rows a record needs at least."""
        return self.window if self.at_least is None else min(self.at_least, self.window)

    def names(self, column: str) -> list[str]:
        """Return the inputs that hold a column's last values, the latest first."""
        return [f"{column}_{at}" for at in range(1, self.window + 1)]


class DataDeclaration(Strict, frozen=True, omit_defaults=True):
    """Where training data is, and how one record is looked up by key.

    csv, parquet, ndjson: `path`, a file or a folder of such files, below the workspace unless absolute.
    sql: `url` and `query`; `lookup` has one bound parameter, `:key`. With an engine, `path` may also be
    an fsspec URL.
    """

    source: Literal["csv", "parquet", "ndjson", "sql"]
    path: str | None = None
    url: str | None = None
    query: str | None = None
    lookup: str | None = None
    split_by: str | None = None
    """Column of a query, whole numbers or dates, by whose ranges the workers of an engine share it out."""
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    sequence: SequenceDeclaration | None = None
    """None: a row is a record."""
    checks: DataChecks = DataChecks()


class Gate(Strict, frozen=True, omit_defaults=True):
    """What a new version must reach on the held-out rows before it becomes champion."""

    metric: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    latency_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Most that a single prediction may take at the 95th percentile, in the job's process."""
    not_worse_than: Literal["champion"] | None = None


class WatermarkDeclaration(Strict, frozen=True, omit_defaults=True):
    """A value of the user's database that tells by changing that its data is ready to learn from."""

    query: Annotated[str, msgspec.Meta(min_length=1)]
    """Gives one value; runs on the database of `data`, read-only."""
    every_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 60
    """How often it is asked for."""


class ScheduleDeclaration(Strict, frozen=True, omit_defaults=True):
    """A job that starts by itself, again and again."""

    name: Name
    kind: str
    cron: str
    """Five-field cron expression, by the clock of `timezone`."""
    timezone: str = "UTC"
    missed: Missed = "once"
    parameters: dict[str, Any] = {}


class SplitDeclaration(Strict, frozen=True, omit_defaults=True):
    """How the rows are chosen that a version is evaluated on."""

    by: Literal["random", "time", "group"] = "random"
    """time: the latest ones; group: whole groups, so that no group is on both sides."""
    field: str | None = None
    """The input that tells the time or the group, or the key."""


class RetrainDeclaration(Strict, frozen=True, omit_defaults=True):
    """When a service is trained again because of how it does in use."""

    on: Annotated[tuple[Literal["drift", "decay"], ...], msgspec.Meta(min_length=1)] = (
        "drift",
        "decay",
    )
    at_most_every: Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,4}[mhd]$(?!\n)")] = "1d"
    """Least time since the last version, and since the last such training: minutes, hours or days."""

    @property
    def pause(self) -> timedelta:
        """What `at_most_every` says."""
        unit = {"m": "minutes", "h": "hours", "d": "days"}[self.at_most_every[-1]]
        return timedelta(**{unit: int(self.at_most_every[:-1])})


class TrainingDeclaration(Strict, frozen=True, omit_defaults=True):
    """How a version is trained, evaluated and promoted."""

    holdout: Share = 0.25
    split: SplitDeclaration | None = None
    """None: as usual for the kind of problem."""
    seed: Seed = 0
    gate: Gate | None = None
    promote: bool = True
    below_baseline: Literal["hold_back", "promote"] = "hold_back"
    """What becomes of a version that is no better than the simplest answer."""
    beat: Name | None = None
    """Another service whose champion it must be better than: the rule that is followed today."""
    schedule: str | None = None
    """Five-field cron expression, by the clock of `timezone`; short for an entry of `schedules`."""
    timezone: str = "UTC"
    missed: Missed = "once"
    watermark: WatermarkDeclaration | None = None
    retrain: RetrainDeclaration | None = None
    """None: however it does in use, it is trained when somebody or a schedule says so."""
    engine: str | None = None
    """`dask://host:port` or `tls://host:port`: a cluster that trains; None: the job's own process."""


class Limits(Strict, frozen=True, omit_defaults=True):
    """What the process of a version may use; the settings say what applies where this is silent."""

    memory_mb: Annotated[int, msgspec.Meta(ge=64)] | None = None
    cpus: Annotated[int, msgspec.Meta(ge=1)] | None = None
    idle_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Unloaded after so long without a call."""


class Breaker(Strict, frozen=True, omit_defaults=True):
    """When a failing version is left alone, and when it is taken out of service."""

    failures: Annotated[int, msgspec.Meta(ge=1)] = 5
    """Failures in a row that open the circuit: callers get the default at once."""
    open_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """Then one call tries again."""
    quarantine_after: Annotated[int, msgspec.Meta(ge=1)] = 3
    """Openings without a success between them that quarantine the version."""


class Batching(Strict, frozen=True):
    """Calls in flight are joined into one: up to so many rows, and none waits longer than that."""

    max_batch: Annotated[int, msgspec.Meta(ge=2, le=65_536)] = 64
    """Rows; a call that has as many is asked alone."""
    max_wait_ms: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 5
    """Most that a call waits for others."""


class ServingDeclaration(Strict, frozen=True, omit_defaults=True):
    """How predictions are answered."""

    runtime: Literal["inline", "process"] | None = None
    """None: as the algorithm says."""
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | None = None
    default: dict[str, Any] | None = None
    """Output name → value: the declared answer when the model fails, marked `degraded`."""
    max_concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    limits: Limits = Limits()
    breaker: Breaker = Breaker()
    batching: Batching | None = None
    """None: each call is asked by itself."""


class JobsDeclaration(Strict, frozen=True, omit_defaults=True):
    """What the service's jobs may take; the settings say what applies where this is silent."""

    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
    """Higher ones go first among the jobs that wait in one queue."""
    time_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    memory_mb: Annotated[int, msgspec.Meta(ge=64)] | None = None
    disk_mb: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Of the job's own folder."""
    max_running: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Most jobs of this service at once."""


class BatchDeclaration(Strict, frozen=True, omit_defaults=True):
    """What batch predictions of the service may do."""

    url: str | None = None
    """Database whose tables they may write."""
    max_rejects: (
        Annotated[int, msgspec.Meta(ge=0)]
        | Annotated[str, msgspec.Meta(pattern=r"^\d{1,3}(\.\d+)?%$(?!\n)")]
        | None
    ) = None
    """So many rows, or such a share of them, may not fit; None: any number but all."""


class MonitoringDeclaration(Strict, frozen=True, omit_defaults=True):
    """What is watched while a version serves."""

    drift: Annotated[float, msgspec.Meta(ge=0)] = 0.2
    """Population stability index above which a field has drifted; 0: no field is watched."""
    decay: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """Part of what the metric was by which live rows may be worse; 0: it is not watched."""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Share of the calls whose predictions are recorded; 0: none."""
    keep_days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 30
    """How long a recorded prediction is kept."""
    keep_rows: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    """Most recorded predictions that are kept, the newest ones."""


class Dimension(Strict, frozen=True, omit_defaults=True):
    """What a tuning may try for one parameter: a range, both ends included, or some values."""

    type: Literal["integer", "number"] | None = None
    """None: as the algorithm's parameter is."""
    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    """Whether a step from 0.01 to 0.1 counts as much as one from 0.1 to 1."""
    values: tuple[bool | int | float | str | None, ...] | None = None


class TuningDeclaration(Strict, frozen=True, omit_defaults=True):
    """How better parameters are looked for, and who decides on them."""

    space: dict[str, Dimension] | None = None
    """None: the algorithm's own."""
    trials: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 30
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """No trial is begun after so long."""
    metric: str | None = None
    """None: the gate's, else the first that the output can have."""
    holdout: Share | None = None
    """Share of the training rows that trials are compared on; None: a quarter, unless `folds`."""
    folds: Annotated[int, msgspec.Meta(ge=2, le=20)] | None = None
    pruning: bool = True
    parallel: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    accept: Literal["gate", "person"] = "person"
    margin: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """By how much the metric must be better than with the present parameters, for the gate."""
    train: bool = True
    """Whether acceptance starts a training."""


@dataclass(frozen=True)
class ServiceDeclaration:
    """One service as its user wrote it; environment references stay unexpanded (they may be secret)."""

    service: str
    algorithm: str
    schema: Schema
    description: str
    parameters: dict[str, Any]
    data: DataDeclaration | None
    training: TrainingDeclaration
    serving: ServingDeclaration
    requirements: tuple[str, ...] = ()
    """Libraries added to the algorithm's own, as pip names them."""
    allow_pickle: bool = False
    monitoring: MonitoringDeclaration = field(default_factory=MonitoringDeclaration)
    jobs: JobsDeclaration = field(default_factory=JobsDeclaration)
    schedules: tuple[ScheduleDeclaration, ...] = ()
    tuning: TuningDeclaration | None = None
    batch: BatchDeclaration = field(default_factory=BatchDeclaration)
    versions_of: str | None = None
    """The service whose versions answer; None: it has versions of its own."""
    share: Scope = "anyone"
    """Who may extend it, and answer with its versions: no other file, this workspace's, or those of any
    workspace that it is exported to."""
    reason: str = ""
    """Why the file was changed last: kept with the revision that the change makes, no part of it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `services.parsing.parse` reads them back, apart from the reason."""
        plain: dict[str, Any] = {"service": self.service, "algorithm": self.algorithm}
        if self.description:
            plain["description"] = self.description
        plain["parameters"] = self.parameters
        plain["schema"] = self.schema.to_json()
        if self.data is not None:
            plain["data"] = msgspec.to_builtins(self.data)
        plain["training"] = msgspec.to_builtins(self.training)
        plain["serving"] = msgspec.to_builtins(self.serving)
        said = {name: getattr(self, name) for name in UNLESS_USUAL}
        usual = {one.name: _usual(one) for one in fields(self)}
        plain |= {
            name: msgspec.to_builtins(value) for name, value in said.items() if value != usual[name]
        }
        return plain


UNLESS_USUAL = (
    "requirements", "allow_pickle", "monitoring", "jobs", "schedules", "tuning", "batch",
    "versions_of", "share",
)  # fmt: skip
"""Members that are written down only where they say something."""


def _usual(member: Field[Any]) -> Any:
    return member.default_factory() if callable(member.default_factory) else member.default
