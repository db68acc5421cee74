"""`minerva versions key`: the public half of the key that signs versions, for other workspaces."""

from __future__ import annotations

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session


@click.command(cls=Command)
@pass_session
def key(session: Session) -> None:
    """Print the public key of this workspace, as PEM; it is made if there is none.

    A workspace that has it among its trusted keys serves what this one signed.

    Example:
      minerva versions key > shop.pem
    """
    from minerva.cli.control import control

    with control(session.load()) as container:
        signer = container.versioning.trainer.signer
    if session.json:
        screen.show_json({"id": signer.id, "public_key": signer.public_key()})
        return
    click.echo(signer.public_key(), nl=False)
    screen.remark(f"Its id, as manifests and messages name it: {signer.id}")
