"""`minerva new algorithm`: a plugin that works at once, with a test that proves it."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.control import log_beside
from minerva.cli.session import Session, pass_session
from minerva.errors import Conflict, InvalidConfiguration

NAME = re.compile(r"[a-z](?:[a-z0-9]|_(?=[a-z0-9])){0,29}")


@click.command("algorithm", cls=Command)
@click.argument("name")
@click.option("--folder", is_flag=True, help="Make a folder plugins/NAME/ of several files.")
@pass_session
def algorithm(
    session: Session,
    name: str,
    folder: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Write plugins/NAME.py, a small learner that works, and tests/test_NAME.py.

    Examples:
      minerva new algorithm nearest
      minerva new algorithm survival --folder
    """
    from minerva.cli.algorithm_template import algorithm_files

    _check(name)
    files = algorithm_files(name, folder=folder)
    workspace, tried = session.workspace, session.load().tried_plugins
    log_beside(session.load())
    _refuse_what_is_there(workspace, tried, name, list(files))
    try:
        for path, text in files.items():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidConfiguration(
            f"{error.filename} cannot be written: {error.strerror}."
        ) from error
    plugin = f"plugins/{name}{'' if folder else '.py'}"
    if session.json:
        screen.show_json({"algorithm": name, "plugin": plugin, "files": list(files)})
        return
    for path in files:
        screen.say(f"made  {path}")
    screen.say("\nNext:")
    screen.say(f"  minerva test {plugin}")
    screen.say(f"  algorithm: {name}{' ' * 8}# this line into services/SERVICE.yaml")
    screen.say("  minerva train SERVICE")


def _check(name: str) -> None:
    if NAME.fullmatch(name) and not keyword.iskeyword(name):
        return
    close = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:30].rstrip("_")
    usable = NAME.fullmatch(close) and not keyword.iskeyword(close)
    hint = f" For example {close}." if usable else ""
    raise InvalidConfiguration(
        f"{name!r} cannot name an algorithm: use up to 30 small letters, digits and single _, a "
        f"letter first, and no word of Python's own.{hint}"
    )


def _refuse_what_is_there(workspace: Path, tried: Path, name: str, paths: list[str]) -> None:
    candidates = (*paths, f"plugins/{name}.py", f"plugins/{name}")
    for path in candidates:
        if (workspace / path).exists():
            raise Conflict(f"{path} is there already: take another name, or remove it first.")
    from minerva.layers.abstraction.plugins.catalogue import discover

    catalogue = discover(workspace, tried)
    if name in catalogue.algorithms:
        raise Conflict(
            f"There is an algorithm {name!r} already, from {catalogue.origins[name]}: take another "
            "name, or services that use it would silently change."
        )
