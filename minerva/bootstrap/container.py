"""The parts of one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minerva.adapters.metadata import MetadataStores
from minerva.bootstrap.models import Models
from minerva.bootstrap.offline import Offline
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.drift.watching import DriftWatch
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.jobs.kind import Kinds
from minerva.layers.abstraction.jobs.runner import Runner
from minerva.layers.abstraction.jobs.store import JobQueue
from minerva.layers.abstraction.jobs.sweeper import Sweeper
from minerva.layers.abstraction.monitoring.monitoring import Monitoring
from minerva.layers.abstraction.monitoring.recorder import Recorder
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.routing.shadow import Shadows
from minerva.layers.abstraction.runtimes.keeping import Hosts
from minerva.layers.abstraction.schedules.scheduler import Scheduler
from minerva.layers.abstraction.services.workspace import WorkspaceServices
from minerva.layers.abstraction.serving.hooked import HookedPredictor
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.uploads.uploads import Uploads
from minerva.layers.abstraction.webhooks.webhooks import Webhooks
from minerva.layers.core.security.keyring import Keyring
from minerva.settings import Loaded


@dataclass(frozen=True)
class Container:
    """Everything that an entry point may use, wired together once."""

    loaded: Loaded
    stores: MetadataStores
    artefacts: ArtefactStore
    catalogue: Plugins
    callbacks: Callbacks
    models: Models
    queue: JobQueue
    registry: Registry
    versioning: Versioning
    workspace_services: WorkspaceServices
    live: LiveServices
    predictor: HookedPredictor
    shadows: Shadows
    drift: DriftWatch
    monitoring: Monitoring
    offline: Offline
    keyring: Keyring
    look: Callable[[], None]
    """Keeps this process fresh: plugins, service files, then the registry."""

    @property
    def hosts(self) -> Hosts:
        """The processes that models run in."""
        return self.models.hosts

    @property
    def recorder(self) -> Recorder:
        """Records what is predicted."""
        return self.monitoring.recorder

    @property
    def jobs(self) -> Jobs:
        """Jobs, as callers meet them."""
        return self.offline.jobs

    @property
    def kinds(self) -> Callable[[], Kinds]:
        """Built-in kinds of jobs, and those that plugins bring."""
        return self.offline.jobs.kinds

    @property
    def uploads(self) -> Uploads:
        """Data that callers send."""
        return self.offline.uploads

    @property
    def runner(self) -> Runner:
        """Runs jobs."""
        return self.offline.runner

    @property
    def webhooks(self) -> Webhooks:
        """Who is told of what."""
        return self.offline.webhooks

    @property
    def sweeper(self) -> Sweeper:
        """Sweeps leases and messages."""
        return self.offline.sweeper

    @property
    def scheduler(self) -> Scheduler:
        """Starts what is due."""
        return self.offline.scheduler
