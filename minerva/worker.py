"""Entry point of the job worker: Celery brings ids, and the runner does the rest."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from minerva.adapters.queue.celery_app import RUN_JOB, make_celery
from minerva.adapters.queue.pulse import Pulse
from minerva.layers.abstraction.serving.watcher import Watcher

if TYPE_CHECKING:
    from celery import Celery

    from minerva.settings import Loaded

JOBS = "jobs"
"""Name of the process that runs jobs, among those of one machine."""


class RunsJobs(Protocol):
    """The use case behind `minerva.run_job`."""

    def serve(self, queue: str, job_id: str) -> None:
        """Run jobs of the queue, woken for one of them."""

    def tidy(self) -> None:
        """Remove what ended jobs left behind."""

    def ready(self) -> AbstractContextManager[None]:
        """Be ready for jobs before there are any, as long as the block lasts."""

    def stop(self) -> None:
        """Put running jobs back and take no more; called in a signal handler."""


class Refreshes(Protocol):
    """Plugins, whose hooks this process calls; see `plugins.catalogue.Plugins`."""

    def refresh(self) -> object:
        """Look for changes."""


class WorkerContainer(Protocol):
    """What of `bootstrap.Container` is needed here."""

    @property
    def loaded(self) -> Loaded:
        """Settings."""

    @property
    def catalogue(self) -> Refreshes:
        """The plugins."""

    @property
    def runner(self) -> RunsJobs:
        """Runs jobs."""


def create_worker(container: WorkerContainer) -> Celery:
    """Return the Celery application with its task."""
    app = make_celery(container.loaded.queue_url, container.loaded.settings.release)

    @app.task(name=RUN_JOB)
    def run_job(job_id: str, queue: str) -> None:
        container.runner.serve(queue, job_id)

    return app


def run_worker(
    container: WorkerContainer, slots: Mapping[str, int], alive: Callable[[], None]
) -> int:
    """Run jobs until SIGTERM or SIGINT; then stop the runner and return the exit code.

    `slots`: queue → how many jobs of it run at once. A thread more than there are places takes the
    messages for which there is none, so that a full queue holds up no other. `alive` is called again
    and again as long as nothing hangs.

    What was taken and not started stays queued in the database and is sent again by the sweeper.
    """
    from celery.signals import worker_shutting_down

    def stop(**_: Any) -> None:
        container.runner.stop()

    worker_shutting_down.connect(stop, sender=_hostname(), weak=False)
    pulse = Pulse()

    def look() -> None:
        if pulse.goes_on():
            alive()
        container.catalogue.refresh()

    Watcher(look, container.loaded.settings.poll_interval_s).start()
    container.runner.tidy()
    queues = [queue for queue, places in slots.items() if places]
    app = create_worker(container)
    pulse.join(app)
    with container.runner.ready():
        return _run(app, queues, sum(slots.values()) + 1)


def _run(app: Celery, queues: Sequence[str], concurrency: int) -> int:
    with warnings.catch_warnings():
        # Root in a container is the operator's decision; only JSON is accepted, so nothing is unpickled.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser")
        worker = app.Worker(
            hostname=_hostname(),
            queues=list(queues),
            pool="threads",
            concurrency=concurrency,
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            **_silent(),
        )
    worker.start()
    return int(worker.exitcode or 0)


def _silent() -> dict[str, Any]:
    return {"task_events": False, "redirect_stdouts": False, "loglevel": "INFO"}


def _hostname() -> str:
    return f"minerva-{JOBS}-{os.getpid()}@{socket.gethostname()}"
