"""`minerva settings`: every value and where it came from."""

from __future__ import annotations

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

DERIVED = frozenset({"database_url", "artefacts_url", "queue_url", "log_folder"})
"""Settings that, left empty, mean a place in the workspace."""


@click.command(cls=Command)
@pass_session
def settings(session: Session) -> None:
    """Show every setting, its value and its origin; passwords are masked.

    A setting comes from its default, then minerva.toml, then MINERVA_<NAME> in the environment; the
    later one wins.

    Examples:
      minerva settings
      MINERVA_PORT=9090 minerva settings --json
    """
    from typing import get_type_hints

    import msgspec

    from minerva.settings import Settings

    loaded = session.load()
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(Settings):
        notes = [
            note.description
            for note in getattr(hints[field.name], "__metadata__", ())
            if isinstance(note, msgspec.Meta) and note.description
        ]
        rows.append(
            {
                "name": field.name,
                "value": loaded.masked(field.name),
                "origin": loaded.origins[field.name],
                "description": " ".join(notes),
            }
        )
    if session.json:
        screen.show_json({"workspace": str(loaded.workspace), "settings": rows})
        return
    screen.say(f"workspace  {loaded.workspace}\n")
    screen.show_table(
        ("setting", "value", "from", "what it is"),
        (
            (name, _shown(name, row["value"]), _origin(str(row["origin"])), row["description"])
            for row in rows
            if (name := str(row["name"]))
        ),
    )


def _shown(name: str, value: object) -> str:
    return "(in the workspace)" if value == "" and name in DERIVED else str(value)


def _origin(origin: str) -> object:
    return origin if origin == "default" else screen.coloured(origin, "cyan")
