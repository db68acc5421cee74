"""`minerva doctor`: whether everything is as it should be, and if not, what to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.cli.check import Check

NAME_WIDTH = 16


@click.command(cls=Command)
@pass_session
def doctor(session: Session) -> None:
    """Check everything: workspace, stores, worker, sidecar, plugins, services, data, where models run.

    Exit code 1 if anything is not as it should be.

    Examples:
      minerva doctor
      minerva doctor --json
    """
    from minerva.cli.checks import examine

    checks = []
    for check in examine(session):
        checks.append(check)
        if not session.json:
            _show(check)
    failed = [check for check in checks if not check.fine]
    if session.json:
        screen.show_json(
            {"fine": not failed, "checks": [dataclasses.asdict(check) for check in checks]}
        )
    elif failed:
        screen.say(f"\n{len(failed)} of {len(checks)} checks failed.")
    else:
        screen.say("\nEverything is as it should be.")
    if failed:
        raise click.exceptions.Exit(1)


def _show(check: Check) -> None:
    sign, colour = ("✓", "green") if check.fine else ("✗", "red")
    first, *more = check.says.split("\n")
    click.echo(f"{click.style(sign, fg=colour)} {check.name.ljust(NAME_WIDTH)} {first}")
    for line in more:
        click.echo(f"  {'':{NAME_WIDTH}} {line}")
    if not check.fine and check.todo:
        click.echo(f"  {'':{NAME_WIDTH}} → {check.todo}")
