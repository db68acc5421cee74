"""What flows are made of, wired together: each tenant's house, and the jobs that do parts of steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from minerva.layers.abstraction.flows.among import FLOW, FlowCheck
from minerva.layers.abstraction.flows.asking import PinnedAsks, ServingAsks
from minerva.layers.abstraction.flows.queued import QueuedStep
from minerva.layers.abstraction.flows.tenant_house import Asks, TenantHouse, champion_flow
from minerva.layers.abstraction.flows.training_order import trained_before
from minerva.layers.abstraction.jobs.job import Queue
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.jobs.kind import Kinds
from minerva.layers.abstraction.jobs.trained_first import NeedOf
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.runtimes.choice import needs_data
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.folder import Among
from minerva.layers.abstraction.services.lending import check_lender
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.predict import Predictor
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.settings import Loaded

ASKED_AT_ONCE = 256
"""Services with deadlines that flows ask at once. Never those threads that callers' own deadlines take:
flows that wait for threads which flows hold would wait for ever."""


class Houses:
    """Gives each tenant's flows their house; what it is made of is there when the first one is asked."""

    def __init__(self, loaded: Loaded, catalogue: Callable[[], Catalogue]) -> None:
        self._loaded = loaded
        self._catalogue = catalogue
        self._executor = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="ask")
        self._registry: Registry | None = None
        self._loader: Loader | None = None
        self._asks: Asks | None = None
        self._jobs: Jobs | None = None
        self._on_worker = False

    def open(
        self, registry: Registry, loader: Loader, predictor: Predictor, jobs: Jobs, *, shared: bool
    ) -> None:
        """Take what houses are made of. `shared`: this process answers callers."""
        self._registry, self._loader, self._jobs = registry, loader, jobs
        serving = ServingAsks(replace(predictor, executor=self._executor))
        self._on_worker = not shared
        self._asks = serving if shared else PinnedAsks(lambda: registry, loader)

    def __call__(self, tenant: str) -> TenantHouse | None:
        """Return a tenant's house; None before it is open."""
        registry, loader, asks, jobs = self._registry, self._loader, self._asks, self._jobs
        if registry is None or loader is None or asks is None or jobs is None:
            return None
        return TenantHouse(
            tenant=tenant,
            catalogue=self._catalogue,
            registry=lambda: registry,
            loader=loader,
            asks=lambda: asks,
            jobs=lambda: jobs,
            volumes=self._loaded.state / "volumes" / tenant,
            environment=os.environ,
            on_worker=self._on_worker,
        )

    def close(self) -> None:
        """End its threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def flow_kinds(registry: Registry, loader: Loader) -> Kinds:
    """Return the kinds of jobs that do parts of steps, one for each queue."""
    kinds = [
        QueuedStep(queue, lambda tenant, flow: champion_flow(registry, loader, tenant, flow))
        for queue in Queue
    ]
    return {kind.name: kind for kind in kinds}


def training_need(versioning: Versioning) -> NeedOf:
    """Return what tells which services are trained before a flow."""

    def learns(declaration: ServiceDeclaration) -> bool:
        follows = declaration.versions_of is not None
        return not follows and needs_data(versioning.catalogue(), declaration)

    def need(configuration: Configuration) -> list[str] | None:
        def find(service: str) -> ServiceDeclaration:
            found = versioning.registry.configuration(configuration.tenant, service)
            return parse(found.declaration)

        flow = parse(configuration.declaration)
        return trained_before(flow, find, learns) if flow.algorithm == FLOW else None

    return need


def check_among(catalogue: Callable[[], Catalogue]) -> Among:
    """Return what checks a service among the others: that lenders lend, that flows fit together."""
    flows = FlowCheck(catalogue)

    def check(declaration: ServiceDeclaration, services: Mapping[str, ServiceDeclaration]) -> None:
        check_lender(declaration, services)
        flows(declaration, services)

    return check
