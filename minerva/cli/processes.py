"""`minerva serve`, `worker`, `beat`: the processes that `minerva up` keeps together."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from minerva.cli.command import Command
from minerva.cli.session import WORKSPACE_VARIABLE, Session, pass_session

if TYPE_CHECKING:
    from minerva.bootstrap import Container

RUN_FOLDER = "run"
QUEUES = ("train", "batch", "quick")


def collect_again() -> None:
    """Look for garbage from now on, but not in what was imported: a sixth of the time that took."""
    gc.freeze()
    gc.enable()


@click.command(cls=Command)
@pass_session
def serve(session: Session) -> None:
    """Run the web server alone, until SIGTERM; requests in flight are finished.

    Example:
      MINERVA_PORT=9090 minerva serve
    """
    gc.disable()  # what is imported stays
    from minerva.bootstrap import ensure_keys, open_stores, preload
    from minerva.cli.control import log_as
    from minerva.layers.core.processes.gunicorn import serve as run
    from minerva.layers.core.processes.gunicorn import web_options
    from minerva.layers.core.processes.ports import ensure_addresses_free
    from minerva.wsgi import create_application

    loaded = session.load()
    ensure_addresses_free(loaded)
    log_as(loaded, "web")
    with open_stores(loaded):  # what is wrong is told once and at once, not by each web worker
        ensure_keys(loaded)
    os.environ[WORKSPACE_VARIABLE] = str(loaded.workspace)  # web workers read it after their fork
    preload()
    gc.freeze()  # looking for garbage writes to what is looked at, and what is written to is not shared
    gc.enable()
    run(create_application, web_options(loaded))


@click.command(cls=Command)
@click.option(
    "--queue",
    "queues",
    type=click.Choice(QUEUES),
    multiple=True,
    help="Only jobs of this queue; may be given several times.",
)
@click.option(
    "--slots", type=click.IntRange(min=1), help="Jobs of each queue at once; else the settings say."
)
@pass_session
def worker(session: Session, queues: tuple[str, ...], slots: int | None) -> None:
    """Run jobs until SIGTERM; what is not finished then is done by another worker.

    Each queue has places of its own: hours of training never hold up a quick job.

    Examples:
      minerva worker
      minerva worker --queue train --slots 1
    """
    signal.signal(signal.SIGTERM, _leave)  # until Celery's own handler stands
    gc.disable()  # until `collect_again`
    from minerva.bootstrap import open_worker
    from minerva.cli.control import log_as
    from minerva.cli.presence import present
    from minerva.worker import run_worker

    loaded = session.load()
    log_as(loaded, "worker")
    with open_worker(loaded) as container, present(loaded.state / RUN_FOLDER, "worker") as beat:
        places = {
            queue: slots or places
            for queue, places in loaded.slots.items()
            if not queues or queue in queues
        }
        container.runner.slots.sizes = places
        _tell_of_unset(container)
        collect_again()
        code = run_worker(container, places, beat)
    raise click.exceptions.Exit(code)


def _tell_of_unset(container: Container) -> None:
    """Log which variables are missing here, before a job fails for want of one."""
    import structlog

    from minerva.layers.abstraction.services.environment import unset
    from minerva.layers.abstraction.services.folder import read_services

    offline = container.offline
    for one in read_services(container.loaded.workspace, offline.check, offline.among).services:
        for name in unset(one.data, os.environ) if one.data else ():
            structlog.get_logger().warning(
                "service.variable_unset", service=one.service, variable=name
            )


@click.command(cls=Command)
@pass_session
def beat(session: Session) -> None:
    """Run the clock: schedules, and jobs that no one holds. One per database is enough.

    Example:
      minerva beat
    """
    signal.signal(signal.SIGTERM, _leave)  # until the clock's own handler stands
    gc.disable()  # until `collect_again`
    from minerva.beat import run_beat
    from minerva.bootstrap import open_worker
    from minerva.cli.control import log_as
    from minerva.cli.presence import present

    loaded = session.load()
    log_as(loaded, "beat")
    with open_worker(loaded) as container, present(loaded.state / RUN_FOLDER, "beat") as alive:
        collect_again()
        code = run_beat(container, alive)
    raise click.exceptions.Exit(code)


def _leave(*_: object) -> None:
    """End as one does who was told to, having nothing in hand yet."""
    sys.exit(0)
