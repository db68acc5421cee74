"""Kinds `batch` (plans, publishes) and `batch.part` (scores a stretch of the input)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from minerva.algorithm import Progress
from minerva.errors import (
    AlgorithmFailed,
    Fault,
    InvalidData,
    InvalidInput,
    MinervaError,
    NotFound,
)
from minerva.layers.abstraction.batch.checking import Checking
from minerva.layers.abstraction.batch.ports import Plan, Query, Staging
from minerva.layers.abstraction.batch.position import resume
from minerva.layers.abstraction.batch.rejects import allowed, refuse_many
from minerva.layers.abstraction.batch.splitting import grouped, part_count, slice_counts
from minerva.layers.abstraction.batch.task import Task, read_call, read_task
from minerva.layers.abstraction.jobs.job import Job, JobState, NewJob, Queue
from minerva.layers.abstraction.jobs.jobs import BATCH
from minerva.layers.abstraction.jobs.kind import Attempt, Part, Parts
from minerva.layers.abstraction.jobs.store import JobStore
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.as_of import as_of
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema import Schema

if TYPE_CHECKING:
    from minerva.layers.abstraction.batch.scoring import Scorer

log = structlog.get_logger()

PART = "batch.part"
AS_OF = "as_of"
"""Of a part: when the whole job was accepted."""
MOST_FAULTS = 20
SCORED = 0.95
"""Share of the progress; publishing is the rest."""


@dataclass(frozen=True)
class Scoring:
    """What both kinds need."""

    checking: Checking
    loader: Loader
    store: JobStore
    open_staging: Callable[[Task, str], Staging]
    query: Query

    def declaration(self, job: NewJob) -> ServiceDeclaration:
        """Return the declaration that the job was submitted under."""
        configurations = self.checking.registry.configurations
        revision = job.configuration_revision
        configuration = configurations.get(job.tenant, job.service, revision)
        if configuration is None:
            raise NotFound(f"Service {job.service!r} has no configuration revision {revision}.")
        return parse(configuration.declaration)

    def scorer(self, job: NewJob, task: Task, staging: Staging, plan: Plan) -> Scorer:
        """Load the pinned version and return what scores by it."""
        from minerva.layers.abstraction.batch.scoring import Scorer

        version = self.checking.registry.version(job.tenant, job.service, task.version)
        loaded = self.loader.load(version, Terms.of(self.declaration(job)))
        inputs = self.checking.inputs
        needs_key = task.table is not None
        return Scorer(loaded.schema, loaded.model, inputs, staging, plan, needs_key)

    def schema(self, job: NewJob, task: Task) -> Schema:
        """Return the pinned version's schema."""
        version = self.checking.registry.version(job.tenant, job.service, task.version)
        return Schema.parse(version.manifest["schema"])


@dataclass(frozen=True)
class BatchKind:
    """Scores an input into an output."""

    scoring: Scoring
    name = BATCH
    queue = Queue.BATCH
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the checked task."""
        return self.scoring.checking.task(configuration, read_call(payload)).to_json()

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any] | Parts:
        """Plan; score a small input here, a large one in parts; publish when all is scored."""
        task = read_task(job.payload)
        staging = self.scoring.open_staging(task, job.id)
        parts = self.scoring.store.parts(job.tenant, job.id)
        plan = staging.plan() or self._plan(job, task, staging, attempt.progress)
        if len(plan.parts) > 1 and not parts:
            moment = job.created_at.isoformat()
            made = [
                Part(PART, {"task": job.payload, "part": number, AS_OF: moment}, str(number))
                for number in range(len(plan.parts))
            ]
            return Parts(made, f"scored in {len(made)} parts")
        _refuse_failed(parts)
        self._score_the_rest(job, task, staging, plan, attempt.progress)
        return self._publish(job, task, staging, plan)

    def staged(self, job: Job) -> Path | None:
        """Return the staging folder, if it is on this machine."""
        return self.scoring.open_staging(read_task(job.payload), job.id).here()

    def clean(self, job: Job) -> None:
        """Remove the staging folder; that of a dead job is kept, as somebody may try it again."""
        if job.state is not JobState.DEAD:
            self.scoring.open_staging(read_task(job.payload), job.id).remove()

    def _plan(self, job: NewJob, task: Task, staging: Staging, progress: Progress) -> Plan:
        progress(0.0, "planning")
        scoring = self.scoring
        declaration, schema = scoring.declaration(job), scoring.schema(job, task)
        if task.form is None:
            sources = [scoring.query.keep(declaration, task, schema, staging)]
        else:
            sources = scoring.checking.sources(declaration, task, schema)
        count = part_count(sources, task.parts)
        cuts = slice_counts(sources, count)
        slices = chain.from_iterable(
            scoring.checking.inputs.split(source, position, cuts[position])
            for position, source in enumerate(sources)
        )
        plan = Plan(sources, grouped(list(slices), count))
        staging.keep_plan(plan)
        return plan

    def _score_the_rest(
        self, job: NewJob, task: Task, staging: Staging, plan: Plan, progress: Progress
    ) -> None:
        """Score what no part has scored: all of a small input, nothing after parts that succeeded."""
        open_parts = [
            number for number in range(len(plan.parts)) if not _scored(plan, staging, number)
        ]
        if not open_parts:
            return
        scorer = self.scoring.scorer(job, task, staging, plan)
        with as_of(job.created_at):
            for done, number in enumerate(open_parts):
                scorer.score(number, _share(progress, done, len(open_parts)))

    def _publish(self, job: NewJob, task: Task, staging: Staging, plan: Plan) -> dict[str, Any]:
        rows = rejects = 0
        first: list[Fault] = []
        for number in range(len(plan.parts)):
            for chunk in staging.chunks(number):
                rows, rejects = rows + chunk["rows"], rejects + chunk["rejects"]
                if len(first) < MOST_FAULTS:
                    first += [Fault(one["where"], one["message"]) for one in chunk["first"]]
        refuse_many(rejects, rows, task.max_rejects, first)
        output = self.scoring.checking.open_output(self.scoring.declaration(job), task)
        published = output.publish(staging, len(plan.parts))
        log.info("batch.published", rows=rows, rejects=rejects, version=task.version)
        facts = {"rows": rows, "scored": rows - rejects, "rejects": rejects}
        return {"version": task.version, **facts, "parts": len(plan.parts), **published}


@dataclass(frozen=True)
class BatchPartKind:
    """Scores one part; what it finds scored stays as it is."""

    scoring: Scoring
    name = PART
    queue = Queue.BATCH
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Take what the plan made."""
        del configuration
        return payload

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Score the part, chunk by chunk; without a plan leave it to the job that it is a part of."""
        task = read_task(job.payload["task"])
        staging = self.scoring.open_staging(task, str(job.parent))
        plan, number = staging.plan(), int(job.payload["part"])
        if plan is None:
            return {"rows": 0}
        if not _scored(plan, staging, number):
            scorer = self.scoring.scorer(job, task, staging, plan)
            told = job.payload.get(AS_OF)  # older parts do not say it
            with as_of(datetime.fromisoformat(told) if told else job.created_at):
                scorer.score(number, attempt.progress)
        chunks = list(staging.chunks(number))
        rows, rejects = (sum(chunk[name] for chunk in chunks) for name in ("rows", "rejects"))
        first = [Fault(one["where"], one["message"]) for chunk in chunks for one in chunk["first"]]
        if isinstance(task.max_rejects, int) and rejects > (allowed(task.max_rejects, rows) or 0):
            refuse_many(rejects, rows, task.max_rejects, first[:MOST_FAULTS])
        return {"rows": rows, "rejects": rejects}

    def staged(self, job: Job) -> Path | None:
        """Return the staging folder of the whole job, whose limit holds for all its parts together."""
        return self.scoring.open_staging(read_task(job.payload["task"]), str(job.parent)).here()

    def clean(self, job: Job) -> None:
        """Remove the staging folder if the whole job has ended meanwhile: it was cancelled."""
        parent = self.scoring.store.get(job.tenant, str(job.parent))
        if parent is not None and parent.state is JobState.CANCELLED:
            self.scoring.open_staging(read_task(job.payload["task"]), parent.id).remove()


def _scored(plan: Plan, staging: Staging, number: int) -> bool:
    """Tell whether the last chunk of a part ends where the part does."""
    slices = plan.parts[number]
    behind = resume(slices, list(staging.chunks(number)))
    return not slices or (behind.slice == len(slices) - 1 and behind.next >= slices[-1].end)


def _refuse_failed(parts: Sequence[Job]) -> None:
    """Raise for the first part that cannot succeed; one that ran out of attempts is done here."""
    for part in parts:
        if part.state is JobState.FAILED:
            raise _error_of(part)


def _error_of(part: Job) -> MinervaError:
    """Return the error that a part told, as its whole job's."""
    told = part.error or {}
    faults = [Fault(one["where"], one["message"]) for one in told.get("faults", [])]
    kinds: tuple[type[MinervaError], ...] = (InvalidData, InvalidInput, NotFound)
    kind = next((one for one in kinds if one.code == told.get("code")), AlgorithmFailed)
    return kind(str(told.get("message") or "A part failed."), faults=faults)


def _share(progress: Progress, done: int, of: int) -> Progress:
    def report(fraction: float, message: str = "") -> None:
        progress(SCORED * (done + fraction) / of, message)

    return report
