"""`minerva init`: make a folder a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_type_hints

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import SETTINGS_FILE, Session, pass_session
from minerva.errors import InvalidConfiguration

IGNORED = ".minerva/"
FOLDERS = ("services", "flows", "plugins")


@click.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@pass_session
def init(session: Session, folder: Path) -> None:
    """Make FOLDER (this one, if none is named) a workspace; what is there already is kept.

    Examples:
      minerva init shop
      cd shop && minerva init
    """
    made: list[str] = []
    try:
        for name in ("", *FOLDERS):
            _folder(folder / name, made)
        _file(folder / SETTINGS_FILE, settings_file(), made)
        _ignore(folder / ".gitignore", made)
    except OSError as error:
        raise InvalidConfiguration(f"{error.filename} cannot be made: {error.strerror}.") from error
    if session.json:
        screen.show_json({"workspace": str(folder.resolve()), "made": made})
        return
    for name in made:
        screen.say(f"made  {name}")
    if not made:
        screen.say(f"{folder.resolve()} is a workspace already.")
    _next(folder)


def settings_file() -> str:
    """Return a minerva.toml with every setting, commented out, at its default."""
    import msgspec

    from minerva.settings import Settings

    hints = get_type_hints(Settings, include_extras=True)
    lines = [
        "# Settings of this workspace. Every value below is the default; take the # away to change it.",
        "# MINERVA_<NAME> in the environment wins over this file. `minerva settings` shows all of them.",
        "",
    ]
    for field in msgspec.structs.fields(Settings):
        notes = getattr(hints[field.name], "__metadata__", ())
        lines += [f"# {note.description}" for note in notes if getattr(note, "description", None)]
        lines += [f"# {field.name} = {json.dumps(field.default)}", ""]
    return "\n".join(lines)


def _folder(path: Path, made: list[str]) -> None:
    if not path.is_dir():
        path.mkdir(parents=True)
        made.append(f"{path}/")


def _file(path: Path, text: str, made: list[str]) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        made.append(str(path))


def _ignore(path: Path, made: list[str]) -> None:
    """Keep embedded state, which holds the admin key, out of version control."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if IGNORED not in lines:
        path.write_text("\n".join([*lines, IGNORED]) + "\n", encoding="utf-8")
        made.append(str(path))


def _next(folder: Path) -> None:
    steps = [
        *([f"cd {folder}"] if folder != Path() else []),
        "minerva new service NAME --from-csv FILE --target COLUMN",
        "minerva up                     (and in another terminal:)",
        "minerva train NAME",
        "minerva predict NAME FILE",
    ]
    screen.say("\nNext:")
    for step in steps:
        screen.say(f"  {step}")
