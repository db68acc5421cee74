"""`minerva up`: everything that a workspace needs, as one process tree."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.processes import collect_again
from minerva.cli.session import SETTINGS_FILE, WORKSPACE_VARIABLE, Session, own_url, pass_session
from minerva.errors import InvalidConfiguration, MinervaError

if TYPE_CHECKING:
    from minerva.layers.core.processes.supervisor import Program
    from minerva.settings import Loaded

ANSWER_WITHIN_S = 0.3


@click.command(cls=Command)
@pass_session
def up(session: Session) -> None:
    """Start the sidecar, a worker and the clock, and keep them running until Ctrl-C.

    Makes what is missing: the database, the first admin key. What crashes is started again.

    Examples:
      minerva up
      MINERVA_PORT=9090 minerva up
    """
    gc.disable()  # what is imported stays
    from minerva.cli.control import log_as
    from minerva.layers.core.processes.ports import ensure_addresses_free
    from minerva.layers.core.processes.supervisor import Supervisor

    loaded = session.load()
    _check_workspace(loaded)
    ensure_addresses_free(loaded)
    log_as(loaded, "up")
    for line in _prepare(loaded):
        screen.say(line)
    sys.stdout.flush()
    collect_again()
    supervisor = Supervisor(
        _programs(loaded), screen.say, graceful_s=loaded.settings.graceful_timeout_s + 5
    )
    raise click.exceptions.Exit(supervisor.run())


def _check_workspace(loaded: Loaded) -> None:
    folder = loaded.workspace
    if not (folder / SETTINGS_FILE).exists() and not (folder / "services").is_dir():
        raise InvalidConfiguration(
            f"{folder} is no workspace: make it one with `minerva init`, "
            "or name another with --workspace."
        )


def _prepare(loaded: Loaded) -> list[str]:
    """Migrate, make the first key, declare the services; return the summary."""
    from minerva.bootstrap import open_control
    from minerva.cli.first_key import ensure_first_key

    with open_control(loaded) as container:
        key_file = loaded.admin_key
        fresh = ensure_first_key(key_file, container.stores.keys) == "made"
        container.workspace_services.refresh()
        problems = container.workspace_services.problems()
        names = [one.service for one in container.stores.configurations.list_latest("default")]
    url = own_url(loaded)
    key = f"{key_file}{'  (new)' if fresh else ''}" if key_file.exists() else "minerva keys"
    lines = [
        f"Minerva in {loaded.workspace}",
        f"  sidecar   {url}",
        *([f"  docs      {url}/docs"] if loaded.settings.port else []),
        *([f"  socket    {loaded.socket}"] if loaded.socket else []),
        f"  key       {key if loaded.settings.auth == 'keys' else 'none needed (auth is none)'}",
        f"  services  {', '.join(names) or 'none yet: minerva new service --help'}",
        f"  logs      {_logs(loaded)}",
        "  stop      Ctrl-C",
    ]
    return lines + [f"✗ {problem['where']}: {problem['message']}" for problem in problems]


def _logs(loaded: Loaded) -> str:
    return "here" if loaded.log_folder is None else f"{loaded.log_folder}  (minerva logs --follow)"


def _programs(loaded: Loaded) -> list[Program]:
    from minerva.layers.core.processes.supervisor import Program

    environment = {WORKSPACE_VARIABLE: str(loaded.workspace)}

    def program(name: str, command: str, ready: Callable[[], bool] | None = None) -> Program:
        argv = [sys.executable, "-P", "-m", "minerva.cli", command]
        return Program(name, argv, environment, ready)

    return [
        program("sidecar", "serve", _answers(own_url(loaded))),
        program("worker", "worker"),
        program("beat", "beat"),
    ]


def _answers(url: str) -> Callable[[], bool]:
    """Return a quick question: whether the sidecar is ready."""
    from minerva.client import Client

    def ready() -> bool:
        try:
            with Client(url, timeout_s=ANSWER_WITHIN_S) as client:
                return client.ready().get("status") == "ready"
        except MinervaError:
            return False

    return ready
