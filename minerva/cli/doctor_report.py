"""How the commands of `minerva doctor` tell what they found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import click

from minerva.cli import screen
from minerva.cli.check import Check
from minerva.cli.session import Session

NAME_WIDTH = 16


def told(session: Session, checks: Iterable[Check]) -> None:
    """Show each check as it comes, and how it ends. Ends with exit code 1 if anything is not fine."""
    seen = []
    for check in checks:
        seen.append(check)
        if not session.json:
            _show(check)
    failed = [check for check in seen if not check.fine]
    if session.json:
        screen.show_json(
            {"fine": not failed, "checks": [dataclasses.asdict(check) for check in seen]}
        )
    elif failed:
        screen.say(f"\n{len(failed)} of {len(seen)} checks failed.")
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
