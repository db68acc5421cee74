"""Opening and closing the parts of a process, one function for each kind of process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from minerva.adapters.metadata import MetadataStores, Moved, migrate_metadata, open_metadata
from minerva.adapters.queue.memory import MemoryQueue
from minerva.bootstrap.chance import now
from minerva.bootstrap.container import Container
from minerva.bootstrap.keys import ensure_keys
from minerva.bootstrap.wiring import wire
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.jobs.store import JobQueue
from minerva.settings import FILE, Loaded

STORES = (
    "minerva.adapters.metadata.aliases",
    "minerva.adapters.metadata.clock",
    "minerva.adapters.metadata.configurations",
    "minerva.adapters.metadata.inferences",
    "minerva.adapters.metadata.installation",
    "minerva.adapters.metadata.jobs",
    "minerva.adapters.metadata.keys",
    "minerva.adapters.metadata.leases",
    "minerva.adapters.metadata.migrate",
    "minerva.adapters.metadata.proposals",
    "minerva.adapters.metadata.quarantines",
    "minerva.adapters.metadata.revision",
    "minerva.adapters.metadata.schedules",
    "minerva.adapters.metadata.subscriptions",
    "minerva.adapters.metadata.trials",
    "minerva.adapters.metadata.truths",
    "minerva.adapters.metadata.uploads",
    "minerva.adapters.metadata.versions",
)
"""What `_open` would import otherwise, once in each process."""
PRELOADED = (*STORES, "minerva.adapters.queue.celery_queue")
"""The same in web workers, which send."""


def preload(modules: Sequence[str] = PRELOADED) -> None:
    """Import what web workers need before they are forked: they start sooner and share the memory.

    Nothing of it starts a thread; models' libraries, which do, are loaded after the fork. A spare
    process of a job does the same before there is a job.
    """
    for module in modules:
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
    with _open(loaded, MemoryQueue(), shared=False) as container:
        yield container


@contextmanager
def open_control(loaded: Loaded) -> Iterator[Container]:
    """Open the parts of a command at the terminal."""
    with _open(loaded, _celery_queue(loaded)) as container:
        yield container


def _celery_queue(loaded: Loaded) -> JobQueue:
    from minerva.adapters.queue.celery_app import make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    return CeleryQueue(make_celery(loaded.queue_url, loaded.settings.release))


def migrate_database(loaded: Loaded) -> Moved:
    """Bring the database to this version, whatever the settings say of processes that start."""
    _make_state(loaded.state)
    settings = loaded.settings
    return migrate_metadata(loaded.database_url, settings.database_timeout_s, settings.release)


@contextmanager
def open_stores(loaded: Loaded) -> Iterator[MetadataStores]:
    """Open the database alone, to find out that it can be used, or to make it so."""
    _make_state(loaded.state)
    settings = loaded.settings
    stores = open_metadata(
        loaded.database_url,
        settings.database_timeout_s,
        migrates=settings.migrate == "yes",
        release=settings.release,
        own_clock=now,
    )
    try:
        yield stores
    finally:
        stores.close()


@contextmanager
def _open(loaded: Loaded, queue: JobQueue, *, shared: bool = True) -> Iterator[Container]:
    with open_stores(loaded) as stores:
        ensure_keys(loaded)
        executor = ThreadPoolExecutor(loaded.settings.web_threads, thread_name_prefix="predict")
        container = wire(loaded, stores, queue, executor, shared=shared)
        try:
            yield container
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            container.shadows.close()
            container.drift.close()
            container.recorder.close()
            container.callbacks.close()
            container.hosts.close()
            container.models.houses.close()


def _make_state(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InvalidConfiguration(
            f"The folder {folder} cannot be made ({error.strerror}): "
            "make the workspace writable, or set MINERVA_STATE_FOLDER to a folder that is."
        ) from error
