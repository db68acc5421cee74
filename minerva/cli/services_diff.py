"""`minerva services diff`: in what two service files differ, with what they extend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session


@click.command(cls=Command)
@click.argument("one")
@click.argument("other")
@pass_session
def diff(session: Session, one: str, other: str) -> None:
    """Show in what two services differ, all that they extend included.

    Example:
      minerva services diff churn churn-premium
    """
    names = (one, other)
    rows = _differences(*(_read(session.workspace, name) for name in names))
    if session.json:
        told = [dict(zip(("member", *names), row, strict=True)) for row in rows]
        screen.show_json({"differences": told})
    elif not rows:
        screen.say(f"{one} and {other} say the same.")
    else:
        screen.show_table(("member", *names), rows)


def _read(workspace: Path, name: str) -> Any:
    from minerva.layers.abstraction.services.extending import read_extended
    from minerva.layers.abstraction.services.folder import service_file

    return read_extended(service_file(workspace, name)).value


def _differences(one: Any, other: Any) -> Sequence[tuple[str, Any, Any]]:
    from minerva.layers.abstraction.services.differences import differences

    return differences(one, other)
