"""What starts jobs by itself, wired together; and the check that it can be done."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

from minerva.adapters.metadata import MetadataStores
from minerva.adapters.sources.watermarks import SqlWatermarks
from minerva.bootstrap.chance import new_id
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.jobs.kind import Kinds
from minerva.layers.abstraction.monitoring.judging import Judging
from minerva.layers.abstraction.monitoring.profiles import Profiles
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.schedules.aside import Aside
from minerva.layers.abstraction.schedules.monitored import Monitoring
from minerva.layers.abstraction.schedules.scheduler import Scheduler
from minerva.layers.abstraction.schedules.starters import Starters
from minerva.layers.abstraction.schedules.watching import Watching
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import Check
from minerva.layers.abstraction.services.when import check_kinds
from minerva.layers.abstraction.webhooks.happening import DELIVER
from minerva.layers.abstraction.webhooks.webhooks import Webhooks
from minerva.settings import Loaded

STARTS_AT_ONCE = 8
QUESTIONS_AT_ONCE = 64
"""To users' databases; each takes a thread that mostly waits."""
JUDGED_AT_ONCE = 1
"""A judgement computes and does not wait."""
ON_TIME_S = 60
"""A run that starts so long after its moment was missed, unless beat looks less often."""


def wire_scheduler(
    loaded: Loaded, stores: MetadataStores, jobs: Jobs, monitoring: Monitoring
) -> Scheduler:
    """Return what beat runs besides the sweeper."""
    watching = Watching(
        store=stores.schedules,
        jobs=jobs,
        read=SqlWatermarks(loaded.workspace, os.environ),
        has_version=lambda tenant, service: bool(stores.versions.list(tenant, service)),
        now=stores.clock.now,
        new_id=new_id,
        aside=Aside(QUESTIONS_AT_ONCE),
    )
    return Scheduler(
        store=stores.schedules,
        starters=Starters(stores.revision),
        jobs=jobs,
        watching=watching,
        monitoring=monitoring,
        aside=Aside(STARTS_AT_ONCE),
        on_time=timedelta(seconds=max(ON_TIME_S, 2 * loaded.settings.sweep_interval_s)),
        now=stores.clock.now,
        new_id=new_id,
    )


def wire_monitoring(
    stores: MetadataStores, jobs: Jobs, artefacts: ArtefactStore, webhooks: Webhooks
) -> Monitoring:
    """Return what judges services, tells of what is wrong and starts trainings."""
    return Monitoring(
        store=stores.schedules,
        jobs=jobs,
        judge=Judging(
            jobs.registry, stores.inferences, Profiles(artefacts.fetch), stores.clock.now
        ),
        happened=webhooks.happened,
        now=stores.clock.now,
        new_id=new_id,
        aside=Aside(JUDGED_AT_ONCE),
        tell=jobs.tell,
    )


def check_of(known: Check, kinds: Callable[[], Kinds]) -> Check:
    """Return a check of a declaration that also knows the kinds of jobs, those of plugins included.

    Nobody asks for a delivery: it follows from what happened.
    """

    def check(declaration: ServiceDeclaration) -> None:
        known(declaration)
        if declaration.schedules:
            check_kinds(declaration.schedules, {*kinds()} - {DELIVER})

    return check
