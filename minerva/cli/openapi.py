"""`minerva openapi`: the OpenAPI document of the declared services."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import Unavailable


@click.command(cls=Command)
@click.option("--offline", is_flag=True, help="From the workspace's files, asking no sidecar.")
@pass_session
def openapi(session: Session, offline: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Print the OpenAPI 3.1 document, from the sidecar or, if none answers, from the workspace.

    Examples:
      minerva openapi > openapi.json
      minerva openapi --offline
    """
    screen.show_json(_from_workspace(session) if offline else _from_either(session))


def _from_either(session: Session) -> dict[str, Any]:
    try:
        with session.client() as client:
            return client.openapi()
    except Unavailable as error:
        if session.url_option is not None:
            raise
        screen.remark(
            f"{error.message.partition(':')[0]}…: made from the workspace's files instead."
        )
        return _from_workspace(session)


def _from_workspace(session: Session) -> dict[str, Any]:
    from minerva.layers.abstraction.services.folder import read_services
    from minerva.layers.core.openapi import document

    loaded = session.load()
    declared = read_services(loaded.workspace, check=lambda _: None)
    for problem in declared.problems:
        screen.remark(f"✗ {problem}")
    return document(
        [(declaration, declaration.schema) for declaration in declared.services],
        max_records=loaded.settings.max_records,
        keys_needed=loaded.settings.auth == "keys",
    )
