"""Entry point of the offline processes: the worker that runs jobs, and beat, the clock.

Beat carries out its own ticks, so that leases are swept and schedules start while every worker is busy
with hours of training.
"""

from __future__ import annotations

import os
import signal
import socket
import warnings
from collections.abc import Mapping, Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from minerva.adapters.queue.celery_app import BEAT_QUEUE, RUN_JOB, TICK, make_celery
from minerva.layers.abstraction.serving.watcher import Watcher

if TYPE_CHECKING:
    from celery import Celery
    from celery.beat import Service

    from minerva.settings import Loaded

JOBS = "jobs"
"""Name of the process that runs jobs, among those of one machine."""
IN_MEMORY = "celery.beat:Scheduler"
"""Keeps no file, as the only entry is the tick: when a service was last trained stands in the database."""

log = structlog.get_logger()


class RunsJobs(Protocol):
    """The use case behind `minerva.run_job`."""

    def serve(self, queue: str, job_id: str) -> None:
        """Run jobs of the queue, woken for one of them."""

    def tidy(self) -> None:
        """Remove what ended jobs left behind."""

    def stop(self) -> None:
        """Put running jobs back and take no more; called in a signal handler."""


class Ticks(Protocol):
    """A use case behind `minerva.tick`."""

    def tick(self) -> None:
        """Do what has come up since the last time."""


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

    @property
    def sweeper(self) -> Ticks:
        """Sweeps leases and messages."""

    @property
    def scheduler(self) -> Ticks:
        """Starts what is due."""


def create_worker(container: WorkerContainer) -> Celery:
    """Return the Celery application with its two tasks."""
    app = make_celery(container.loaded.queue_url)

    @app.task(name=RUN_JOB)
    def run_job(job_id: str, queue: str) -> None:
        container.runner.serve(queue, job_id)

    @app.task(name=TICK)
    def tick() -> None:
        try:
            container.sweeper.tick()
        finally:  # what keeps leases from being swept keeps no schedule from starting
            container.scheduler.tick()

    return app


def run_worker(container: WorkerContainer, slots: Mapping[str, int]) -> int:
    """Run jobs until SIGTERM or SIGINT; then stop the runner and return the exit code.

    `slots`: queue → how many jobs of it run at once. A thread more than there are places takes the
    messages for which there is none, so that a full queue holds up no other.

    What was taken and not started stays queued in the database and is sent again by the sweeper.
    """
    from celery.signals import worker_shutting_down

    def stop(**_: Any) -> None:
        container.runner.stop()

    worker_shutting_down.connect(stop, sender=_hostname(JOBS), weak=False)
    _watch_plugins(container)
    container.runner.tidy()
    queues = [queue for queue, places in slots.items() if places]
    return _run(create_worker(container), JOBS, queues, sum(slots.values()) + 1)


def run_beat(container: WorkerContainer) -> int:
    """Tick every `sweep_interval_s` until SIGTERM or SIGINT; return the exit code."""
    from celery.beat import Service

    app = create_worker(container)
    _watch_plugins(container)
    schedule_tick(app, container.loaded.settings.sweep_interval_s)
    clock = Service(app, max_interval=1, scheduler_cls=IN_MEMORY, remote_control=False)
    Thread(target=keep_time, args=[clock], name="beat", daemon=True).start()
    try:
        return _run(app, BEAT_QUEUE, [BEAT_QUEUE], 1)
    finally:
        clock.stop()


def _watch_plugins(container: WorkerContainer) -> None:
    Watcher(container.catalogue.refresh, container.loaded.settings.poll_interval_s).start()


def keep_time(clock: Service) -> None:
    """Run the clock; if it breaks, end this process, for a beat without a clock looks alive."""
    try:
        clock.start()
    except Exception:
        log.exception("beat.broken")
        os.kill(os.getpid(), signal.SIGTERM)


def schedule_tick(app: Celery, every_s: float) -> None:
    """Let beat send a tick every `every_s` seconds; one that waited as long is not carried out."""
    app.conf.beat_schedule = {
        TICK: {"task": TICK, "schedule": every_s, "options": {"expires": every_s}}
    }


def _run(app: Celery, name: str, queues: Sequence[str], concurrency: int) -> int:
    with warnings.catch_warnings():
        # Root in a container is the operator's decision; only JSON is accepted, so nothing is unpickled.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser")
        worker = app.Worker(
            hostname=_hostname(name),
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


def _hostname(name: str) -> str:
    return f"minerva-{name}-{os.getpid()}@{socket.gethostname()}"
