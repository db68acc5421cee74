"""`minerva health`: a probe for containers, asked every few seconds; it imports next to nothing."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Literal

import click

from minerva.cli.command import Command, Program
from minerva.cli.presence import find
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.settings import Loaded

PROCESSES = ("serve", "worker", "beat")
ANSWER_WITHIN_S = 5.0
PAUSE_S = 0.2
SILENT_S = 60.0
"""A worker or beat that gave no sign of life for so long hangs; beat's own pause is added."""

Health = tuple[bool, str]


@click.command(cls=Command)
@click.argument("process", type=click.Choice(PROCESSES), default="serve")
@click.option("--ready", is_flag=True, help="Of serve: whether it serves what it should.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0), default=0, metavar="S",
    help="Ask again for so many seconds, until all is well.",
)  # fmt: skip
@pass_session
def health(
    session: Session, process: Literal["serve", "worker", "beat"], *, ready: bool, wait_s: float
) -> None:
    """Tell whether a process of this container is well: exit code 0, else 1 and why in a line.

    serve is asked over its port or its Unix socket. A worker and beat leave signs of life in the
    state folder; one that gave none for a minute hangs.

    Examples:
      minerva health
      minerva health --ready --wait 30
      minerva health worker
    """
    loaded = session.load()
    until = time.monotonic() + wait_s
    fine, says = examine(loaded, process, ready=ready)
    while not fine and time.monotonic() < until:
        time.sleep(PAUSE_S)
        fine, says = examine(loaded, process, ready=ready)
    if session.json:
        from minerva.cli import screen

        screen.show_json({"process": process, "healthy": fine, "says": says})
    else:
        click.echo(says, err=not fine)
    raise click.exceptions.Exit(0 if fine else 1)


def examine(loaded: Loaded, process: str, *, ready: bool) -> Health:
    """Return whether the process is well, and a sentence on it."""
    if process == "serve":
        return _serves(loaded, "/readyz" if ready else "/livez")
    pause = loaded.settings.sweep_interval_s if process == "beat" else 0
    return _goes_on(loaded, process, SILENT_S + pause)


def _goes_on(loaded: Loaded, process: str, silent_s: float) -> Health:
    found = find(loaded.state / "run", process)
    if not found:
        return False, f"There is no {process} here: none holds a lock in {loaded.state / 'run'}."
    process_id, age = min(found.items(), key=lambda one: one[1])
    if age > silent_s:
        return False, f"The {process} (pid {process_id}) gave no sign of life for {age:.0f} s."
    return True, f"The {process} (pid {process_id}) goes on."


def _serves(loaded: Loaded, path: str) -> Health:
    where = _where(loaded)
    try:
        status = _status(where, path)
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        return False, f"The sidecar at {_shown(where)} does not answer {path}: {why}."
    return status == "200", f"The sidecar at {_shown(where)} answers {path} with {status}."


def _where(loaded: Loaded) -> str | tuple[str, int]:
    settings = loaded.settings
    if not settings.port:
        return str(loaded.socket)
    everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - where it listens
    return everywhere.get(settings.host, settings.host), settings.port


def _shown(where: str | tuple[str, int]) -> str:
    return where if isinstance(where, str) else f"{where[0]}:{where[1]}"


def _status(where: str | tuple[str, int], path: str) -> str:
    """Ask over a socket of our own, as every HTTP library takes longer to import than this to answer."""
    with _connected(where) as connection:
        connection.settimeout(ANSWER_WITHIN_S)
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        with connection.makefile("rb") as answer:
            words = answer.readline(1000).decode("latin-1").split()
    return words[1] if len(words) > 1 else "no HTTP"


def _connected(where: str | tuple[str, int]) -> socket.socket:
    if not isinstance(where, str):
        return socket.create_connection(where, ANSWER_WITHIN_S)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(ANSWER_WITHIN_S)
        connection.connect(where)
    except OSError:
        connection.close()
        raise
    return connection


def main() -> None:
    """Run the probe without loading the other commands."""
    alone = Program("minerva", sections={})
    alone.add_command(health)
    alone(prog_name="minerva")
