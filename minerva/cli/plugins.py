"""`minerva plugins`: what was found, what it brings, and why something cannot be used."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.session import Session, pass_session
from minerva.errors import MinervaError, NotFound

if TYPE_CHECKING:
    from minerva.layers.abstraction.plugins.catalogue import Catalogue

SHORT = 12
SIDECAR_WITHIN_S = 2.0


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List the plugins of the workspace and the installed ones, or show one.

    Examples:
      minerva plugins
      minerva plugins show plugins/mine.py
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session))


@plugins.command("show")
@click.argument("name")
@pass_session
def show_plugin(session: Session, name: str) -> None:
    """Show one plugin with everything that it brings."""
    found = find_plugins(session)
    names = {name, f"plugins/{name}", f"plugins/{name}.py"}
    chosen = next((one for one in found.describe() if one["plugin"] in names), None)
    if chosen is None:
        raise NotFound(f"There is no plugin {name!r}: `minerva plugins` lists what there is.")
    if session.json:
        screen.show_json({"plugin": chosen})
        return
    lists = {key: "\n".join(chosen[key]) for key in ("algorithms", "hooks", "steps")}
    screen.show_pairs((key, value) for key, value in (chosen | lists).items() if value)


def find_plugins(session: Session) -> Catalogue:
    """Look for plugins in this process; what they print goes beside the answer."""
    from minerva.cli.control import log_beside
    from minerva.layers.abstraction.plugins.catalogue import discover

    loaded = session.load()
    log_beside(loaded)
    with redirect_stdout(sys.stderr):
        return discover(loaded.workspace, loaded.tried_plugins)


def _list(session: Session) -> None:
    found = find_plugins(session)
    listed = found.describe()
    running = _told_by_sidecar(session, {one["plugin"] for one in listed})
    problems = dict.fromkeys([*map(str, found.problems), *running])
    if session.json:
        screen.show_json({"plugins": listed, "problems": list(problems)})
        return
    screen.show_table(
        ("plugin", "from", "version", "algorithms", "hooks", "steps", "state"),
        (
            (
                one["plugin"],
                one["distribution"] or "workspace",
                one["version"] or (one["digest"] or "")[:SHORT],
                ", ".join(one["algorithms"]),
                ", ".join(hook.removeprefix("minerva_") for hook in one["hooks"]),
                ", ".join(one["steps"]),
                screen.coloured(one["state"], "red" if one["problem"] else "green"),
            )
            for one in listed
        ),
    )
    for problem in problems:
        screen.remark(f"✗ {problem}")
    for one in listed:
        if one["hint"] and not one["problem"]:
            screen.remark(f"{one['plugin']}: {one['hint']}")


def _told_by_sidecar(session: Session, names: set[str]) -> list[str]:
    """Return what the running sidecar says of these plugins: hooks that it switched off, above all."""
    try:
        with session.client(timeout_s=SIDECAR_WITHIN_S) as client:
            told: list[dict[str, Any]] = client.service_list()["problems"]
    except MinervaError:
        return []
    return [f"{one['where']}: {one['message']}" for one in told if one["where"] in names]
