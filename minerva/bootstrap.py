"""The composition root: turns settings into the parts of a process, wired together once.

Every entry point opens what it needs: `open_web`, `open_worker`, `open_job`, `open_control`. Nothing
else in Minerva knows which adapter stands behind a port.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from minerva.adapters.artefacts.opening import open_artefacts
from minerva.adapters.metadata import MetadataStores, open_metadata
from minerva.adapters.queue.memory import MemoryQueue
from minerva.adapters.sources.opening import open_source
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.jobs.runner import Limits, Runner
from minerva.layers.abstraction.jobs.store import JobQueue
from minerva.layers.abstraction.jobs.sweeper import Sweeper
from minerva.layers.abstraction.plugins.catalogue import Catalogue, discover
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.services.workspace import WorkspaceServices
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.lookups import Lookups
from minerva.layers.abstraction.serving.predict import Predictor
from minerva.layers.abstraction.training.cpus import usable_cpus
from minerva.layers.abstraction.training.source import DataSource
from minerva.layers.abstraction.training.train import Trainer
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.core.security.keyring import Keyring
from minerva.settings import FILE, Loaded

RETRY_AFTER_S = 5
"""A version that could not be loaded is tried again then; hashing and loading cost a core each time."""
RESEND_AFTER_S = 10
"""A queued job is sent again when no worker took it for so long."""


PRELOADED = (
    "minerva.adapters.metadata.aliases",
    "minerva.adapters.metadata.configurations",
    "minerva.adapters.metadata.jobs",
    "minerva.adapters.metadata.keys",
    "minerva.adapters.metadata.leases",
    "minerva.adapters.metadata.migrate",
    "minerva.adapters.metadata.revision",
    "minerva.adapters.metadata.versions",
    "minerva.adapters.queue.celery_queue",
)
"""What `_open` would import otherwise, once in each web worker."""


@dataclass(frozen=True)
class Container:
    """The parts of one process."""

    loaded: Loaded
    stores: MetadataStores
    artefacts: ArtefactStore
    catalogue: Callable[[], Catalogue]
    queue: JobQueue
    registry: Registry
    versioning: Versioning
    workspace_services: WorkspaceServices
    live: LiveServices
    predictor: Predictor
    jobs: Jobs
    runner: Runner
    sweeper: Sweeper
    keyring: Keyring


def preload() -> None:
    """Import what web workers need before they are forked: they start sooner and share the memory.

    Nothing of it starts a thread; models' libraries, which do, are loaded after the fork.
    """
    for module in PRELOADED:
        import_module(module)


def workspace_from(environment: Mapping[str, str], start: Path | None = None) -> Path:
    """Return the workspace: `MINERVA_WORKSPACE`, else the nearest folder upwards with minerva.toml."""
    if named := environment.get("MINERVA_WORKSPACE"):
        return Path(named)
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).exists()), here)


@contextmanager
def open_web(loaded: Loaded) -> Iterator[Container]:
    """Open the parts of a web worker."""
    with _open(loaded, _celery_queue(loaded)) as container:
        yield container


@contextmanager
def open_worker(loaded: Loaded) -> Iterator[Container]:
    """Open the parts of a job worker or of beat."""
    with _open(loaded, _celery_queue(loaded)) as container:
        yield container


@contextmanager
def open_job(loaded: Loaded) -> Iterator[Container]:
    """Open the parts of a job's own process, which sends nothing to any queue."""
    with _open(loaded, MemoryQueue()) as container:
        yield container


@contextmanager
def open_control(loaded: Loaded) -> Iterator[Container]:
    """Open the parts of a command at the terminal."""
    with _open(loaded, _celery_queue(loaded)) as container:
        yield container


def _celery_queue(loaded: Loaded) -> JobQueue:
    from minerva.adapters.queue.celery_app import make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    return CeleryQueue(make_celery(loaded.queue_url))


@contextmanager
def _open(loaded: Loaded, queue: JobQueue) -> Iterator[Container]:
    _make_state(loaded.state)
    stores = open_metadata(loaded.database_url, loaded.settings.database_timeout_s)
    executor = ThreadPoolExecutor(loaded.settings.web_threads, thread_name_prefix="predict")
    try:
        yield _wire(loaded, stores, queue, executor)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        stores.close()


def _make_state(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InvalidConfiguration(
            f"The folder {folder} cannot be made ({error.strerror}): "
            "make the workspace writable, or set MINERVA_WORKSPACE to another one."
        ) from error


def _wire(
    loaded: Loaded, stores: MetadataStores, queue: JobQueue, executor: ThreadPoolExecutor
) -> Container:
    settings = loaded.settings
    artefacts = open_artefacts(loaded.artefacts_url, loaded.state / "cache")
    catalogue = cache(partial(discover, loaded.workspace))
    loader = Loader(artefacts, catalogue, loaded.workspace)
    registry = Registry(
        stores.configurations, stores.versions, stores.aliases, prove=loader.load, now=_now
    )
    versioning = _versioning(loaded, registry, artefacts, loader, catalogue)
    workspace_services = WorkspaceServices(versioning, catalogue)
    live = LiveServices(
        stores.revision, loader, workspace_services.problems, retry_after_s=RETRY_AFTER_S
    )
    jobs = Jobs(
        store=stores.jobs,
        queue=queue,
        registry=registry,
        folder=loaded.state / "jobs",
        max_attempts=settings.max_attempts,
        now=_now,
        new_id=_new_id,
    )
    return Container(
        loaded=loaded,
        stores=stores,
        artefacts=artefacts,
        catalogue=catalogue,
        queue=queue,
        registry=registry,
        versioning=versioning,
        workspace_services=workspace_services,
        live=live,
        predictor=Predictor(live, Lookups(versioning.open_source, os.environ), executor),
        jobs=jobs,
        runner=_runner(loaded, stores, queue, jobs),
        sweeper=Sweeper(stores.leases, queue, jobs, stores.revision, RESEND_AFTER_S, _now, _new_id),
        keyring=Keyring(stores.keys, lambda: live.revision),
    )


def _versioning(
    loaded: Loaded,
    registry: Registry,
    artefacts: ArtefactStore,
    loader: Loader,
    catalogue: Callable[[], Catalogue],
) -> Versioning:
    def source(declaration: DataDeclaration) -> DataSource:
        return open_source(declaration, loaded.workspace, loaded.settings.database_timeout_s)

    return Versioning(
        registry=registry,
        artefacts=artefacts,
        loader=loader,
        catalogue=catalogue,
        trainer=Trainer(loaded.workspace, usable_cpus()),
        open_source=source,
        environment=os.environ,
        scratch=loaded.state / "scratch",
        now=_now,
    )


def _runner(loaded: Loaded, stores: MetadataStores, queue: JobQueue, jobs: Jobs) -> Runner:
    settings = loaded.settings
    return Runner(
        leases=stores.leases,
        queue=queue,
        folder=jobs.folder,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        limits=Limits(settings.lease_s, settings.job_time_limit_s, settings.job_memory_mb),
        workspace=loaded.workspace,
        now=_now,
        new_id=_new_id,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(16)
