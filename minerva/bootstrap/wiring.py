"""Wiring the parts of a process together: the one place that knows which adapter stands behind a port."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from minerva.adapters.artefacts.opening import open_artefacts
from minerva.adapters.metadata import MetadataStores
from minerva.bootstrap.container import Container
from minerva.bootstrap.models import Models
from minerva.bootstrap.monitoring import open_monitoring
from minerva.bootstrap.offline import Offline, open_offline
from minerva.bootstrap.webhooks import telling_drift
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.drift.watching import DriftWatch
from minerva.layers.abstraction.jobs.store import JobQueue
from minerva.layers.abstraction.monitoring.monitoring import Monitoring
from minerva.layers.abstraction.monitoring.recorder import Recorder
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.registry.following import Following
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.routing.quarantining import Quarantining
from minerva.layers.abstraction.services.workspace import WorkspaceServices
from minerva.layers.abstraction.serving.hooked import HookedPredictor
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.lookups import Lookups
from minerva.layers.abstraction.serving.predict import Predictor
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.core.security.keyring import Keyring
from minerva.settings import Loaded

RETRY_AFTER_S = 5
"""A version that could not be loaded is tried again then; hashing and loading cost a core each time."""


def wire(
    loaded: Loaded,
    stores: MetadataStores,
    queue: JobQueue,
    executor: ThreadPoolExecutor,
    *,
    shared: bool,
) -> Container:
    """Return the parts. `shared`: this process has other work too than the code of one plugin."""
    artefacts = open_artefacts(loaded.artefacts_url, loaded.state / "cache")
    plugins = Plugins(loaded.workspace, loaded.tried_plugins)
    callbacks = Callbacks(plugins)
    models = Models(loaded, artefacts, plugins, shared=shared)
    registry = _registry(stores, models.prover(stores.configurations, lambda: live), callbacks)
    versioning = models.versioning(registry, callbacks, stores.clock.now)
    offline = open_offline(loaded, stores, queue, registry, versioning, callbacks)
    services = _services(versioning, plugins, offline)
    live = _live(stores, models, services, callbacks)
    drift, monitoring = _watching(stores, registry, artefacts, callbacks, offline)
    predictor = _predictor(live, versioning, registry, executor, drift, monitoring.recorder)
    models.houses.open(registry, models.loader, predictor, offline.jobs, shared=shared)
    return Container(
        loaded=loaded,
        stores=stores,
        artefacts=artefacts,
        catalogue=plugins,
        callbacks=callbacks,
        models=models,
        queue=queue,
        registry=registry,
        versioning=versioning,
        workspace_services=services,
        live=live,
        predictor=HookedPredictor(predictor, callbacks),
        shadows=predictor.shadows,
        drift=drift,
        monitoring=monitoring,
        offline=offline,
        keyring=Keyring(stores.keys, lambda: live.revision),
        look=_look(plugins, services, stores, callbacks, live),
    )


def _services(versioning: Versioning, plugins: Plugins, offline: Offline) -> WorkspaceServices:
    making = (offline.check, offline.make_version, offline.among)
    return WorkspaceServices(versioning, plugins, *making)


def _watching(
    stores: MetadataStores,
    registry: Registry,
    artefacts: ArtefactStore,
    callbacks: Callbacks,
    offline: Offline,
) -> tuple[DriftWatch, Monitoring]:
    drift = DriftWatch(telling_drift(callbacks, offline.webhooks))
    return drift, open_monitoring(stores, registry, artefacts)


def _live(
    stores: MetadataStores, models: Models, services: WorkspaceServices, callbacks: Callbacks
) -> LiveServices:
    problems = _problems(services, callbacks)
    return LiveServices(stores.revision, models.loader, problems, callbacks, RETRY_AFTER_S)


def _predictor(
    live: LiveServices,
    versioning: Versioning,
    registry: Registry,
    executor: ThreadPoolExecutor,
    drift: DriftWatch,
    recorder: Recorder,
) -> Predictor:
    lookups = Lookups(versioning.open_source, os.environ)
    quarantine = Quarantining(registry, live.catch_up)
    return Predictor(live, lookups, executor, quarantine, watch=drift, record=recorder)


def _registry(
    stores: MetadataStores, prove: Callable[[Version], object], callbacks: Callbacks
) -> Registry:
    return Registry(
        stores.configurations,
        stores.versions,
        stores.aliases,
        stores.quarantines,
        prove=prove,
        now=stores.clock.now,
        tell=callbacks,
    )


def _problems(
    services: WorkspaceServices, callbacks: Callbacks
) -> Callable[[], list[dict[str, str]]]:
    """Return what tells of files, plugins and hooks that cannot be used."""

    def problems() -> list[dict[str, str]]:
        off = [{"where": one.where, "message": one.message} for one in callbacks.problems()]
        return [*services.problems(), *off]

    return problems


def _look(
    plugins: Plugins,
    services: WorkspaceServices,
    stores: MetadataStores,
    tell: Callbacks,
    live: LiveServices,
) -> Callable[[], None]:
    """Return what keeps a process fresh: plugins, service files, the registry, who follows whom in it."""
    following = Following(stores.versions, stores.aliases, stores.clock.now, tell)

    def look() -> None:
        try:
            plugins.refresh()
            services.refresh()
        finally:  # a broken workspace must not keep a new version from being served
            live.refresh(0)
        if following.follow(live.revision, live.served):
            live.refresh(0)

    return look
