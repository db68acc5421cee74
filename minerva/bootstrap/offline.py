"""Offline work: jobs as callers, workers and sweepers meet them, wired together."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from minerva.adapters.metadata import MetadataStores
from minerva.bootstrap.batch import batch_kinds
from minerva.bootstrap.called import open_called_data
from minerva.bootstrap.chance import new_id
from minerva.bootstrap.flows import check_among, flow_kinds, training_need
from minerva.bootstrap.kinds import AllKinds, built_in
from minerva.bootstrap.revisions import open_revisions
from minerva.bootstrap.scheduling import check_of, wire_monitoring, wire_scheduler
from minerva.bootstrap.tuning import TuningParts, open_tuning, tuning_kinds
from minerva.bootstrap.webhooks import Telling
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked, Jobs
from minerva.layers.abstraction.jobs.kind import Kinds
from minerva.layers.abstraction.jobs.limits import Bounds, JobLimits
from minerva.layers.abstraction.jobs.runner import Pace, Runner
from minerva.layers.abstraction.jobs.slots import Slots
from minerva.layers.abstraction.jobs.spares import Spares
from minerva.layers.abstraction.jobs.store import JobQueue
from minerva.layers.abstraction.jobs.sweeper import Sweeper
from minerva.layers.abstraction.jobs.trained_first import TrainedFirst
from minerva.layers.abstraction.monitoring.feedback import LateRecords
from minerva.layers.abstraction.monitoring.retention import Retention
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.schedules.scheduler import Scheduler
from minerva.layers.abstraction.schedules.upcoming import Upcoming
from minerva.layers.abstraction.services.folder import Among
from minerva.layers.abstraction.services.parsing import Check
from minerva.layers.abstraction.services.revisions import Revisions
from minerva.layers.abstraction.services.workspace import Submit
from minerva.layers.abstraction.training.called import CalledData
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.uploads.uploads import Uploads
from minerva.layers.abstraction.webhooks.targets import Targets
from minerva.layers.abstraction.webhooks.webhooks import Webhooks
from minerva.settings import Loaded

JOB_PROCESS = "minerva.job_process"
RESEND_AFTER_S = 10
"""A queued job is sent again when no worker took it for so long."""
CLOCKS_DIFFER_S = 60
"""So much may the clocks of two machines differ."""


@dataclass(frozen=True)
class Offline:
    """The parts of offline work."""

    jobs: Jobs
    uploads: Uploads
    runner: Runner
    sweeper: Sweeper
    scheduler: Scheduler
    upcoming: Upcoming
    check: Check
    """Of a declaration: what only the whole house can know, kinds of jobs included."""
    among: Among
    """Of a declaration among the others of its workspace: lenders, and what flows are made of."""
    webhooks: Webhooks
    make_version: Submit
    tuning: TuningParts
    revisions: Revisions


def open_offline(
    loaded: Loaded,
    stores: MetadataStores,
    queue: JobQueue,
    registry: Registry,
    versioning: Versioning,
    callbacks: Callbacks,
) -> Offline:
    """Wire the parts; nothing runs yet."""
    telling = Telling.open(loaded, stores)
    tuning = tuning_kinds(stores, registry, versioning, lambda: jobs)
    called = open_called_data(loaded, stores, registry, versioning.problem)
    batch = batch_kinds(loaded, stores, versioning)
    flows = flow_kinds(registry, versioning.loader)
    first = TrainedFirst(training_need(versioning), registry, stores.jobs, _usual_limits(loaded))
    common = built_in(versioning, called, first, telling.delivering())
    known = {**common, **tuning, **batch, **flows}
    kinds = AllKinds(known, versioning.catalogue, loaded.workspace)
    jobs = _jobs(loaded, stores, queue, registry, kinds, telling.targets, callbacks)
    check = check_of(versioning.check, kinds)
    webhooks = telling.webhooks(jobs)
    monitoring = wire_monitoring(stores, jobs, versioning.artefacts, webhooks)
    runner, sweeper = _runner(loaded, stores, jobs), _sweeper(loaded, stores, jobs, called)
    return Offline(
        jobs=jobs,
        uploads=called.uploads,
        runner=runner,
        sweeper=sweeper,
        webhooks=webhooks,
        scheduler=wire_scheduler(loaded, stores, jobs, monitoring),
        upcoming=Upcoming(stores.configurations, stores.schedules, stores.jobs, stores.clock.now),
        check=check,
        among=check_among(versioning.catalogue),
        make_version=_making(jobs),
        tuning=open_tuning(stores, registry, versioning, jobs),
        revisions=open_revisions(versioning, check, jobs),
    )


def _making(jobs: Jobs) -> Submit:
    """Return what has a worker make a version that must not be made in a process with other work."""

    def submit(configuration: Configuration, key: str) -> None:
        asked = Asked(
            tenant=configuration.tenant,
            service=configuration.service,
            author="workspace",
            idempotency_key=key,
        )
        jobs.submit(TRAIN, asked)

    return submit


def _jobs(
    loaded: Loaded,
    stores: MetadataStores,
    queue: JobQueue,
    registry: Registry,
    kinds: Callable[[], Kinds],
    targets: Targets,
    callbacks: Callbacks,
) -> Jobs:
    settings = loaded.settings
    return Jobs(
        store=stores.jobs,
        queue=queue,
        registry=registry,
        kinds=kinds,
        folder=loaded.state / "jobs",
        max_attempts=settings.max_attempts,
        now=stores.clock.now,
        new_id=new_id,
        limits=_usual_limits(loaded),
        targets=targets,
        tell=callbacks,
    )


def _usual_limits(loaded: Loaded) -> JobLimits:
    settings = loaded.settings
    return JobLimits(settings.job_time_limit_s, settings.job_memory_mb, settings.job_disk_mb)


def _runner(loaded: Loaded, stores: MetadataStores, jobs: Jobs) -> Runner:
    settings = loaded.settings
    limits = {
        "train": settings.train_limit,
        "batch": settings.batch_limit,
        "quick": settings.quick_limit,
    }
    return Runner(
        leases=stores.leases,
        queue=jobs.queue,
        kinds=jobs.kinds,
        folder=jobs.folder,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        pace=Pace(settings.lease_s, settings.retry_pause_s),
        slots=Slots(loaded.slots),
        bounds=Bounds(limits, settings.tenant_limit),
        spares=Spares(JOB_PROCESS, loaded.workspace, settings.job_spares),
        now=stores.clock.now,
        new_id=new_id,
        tell=jobs.tell,
    )


def _sweeper(loaded: Loaded, stores: MetadataStores, jobs: Jobs, called: CalledData) -> Sweeper:
    clock = time.monotonic
    retention = Retention(
        stores.inferences, stores.truths, stores.revision, stores.clock.now, clock
    )
    late = LateRecords(stores.truths, stores.clock.now, clock)
    return Sweeper(
        leases=stores.leases,
        queue=jobs.queue,
        jobs=jobs,
        resend_after_s=RESEND_AFTER_S,
        longest_lease=timedelta(seconds=2 * loaded.settings.lease_s + CLOCKS_DIFFER_S),
        now=stores.clock.now,
        others=(called.uploads.sweep, retention.sweep, late.sweep),
    )
