"""`minerva test --command` checks whether a program keeps the runner protocol."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minerva.cli import screen

if TYPE_CHECKING:
    from minerva.testing.runner import Check


def check_runner(command: str, timeout_s: float, *, as_json: bool) -> bool:
    """Show each check as it is done; return whether all is fine. Runs in the current folder."""
    from minerva.testing.runner import Waits, check

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"The command cannot be read: {error}.") from error
    told: Callable[[Check], None] = (lambda _: None) if as_json else _show
    report = check(words, folder=Path.cwd(), waits=Waits(answer_s=timeout_s), told=told)
    if as_json:
        checks = [asdict(one) for one in report.checks]
        screen.show_json({"command": words, "passed": report.passed, "checks": checks})
        return report.passed
    failed = sum(bool(one.problem) for one in report.checks)
    screen.say(f"{len(report.checks) - failed} kept, {failed} broken.")
    return report.passed


def _show(check: Check) -> None:
    sign, colour = ("✗", "red") if check.problem else ("✓", "green")
    screen.say(f"{click.style(sign, fg=colour)} {check.promise}")
    if check.problem:
        screen.say(f"    {check.problem}")
        screen.say(f"    Mend it: {check.advice}")
