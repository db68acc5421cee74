"""`minerva export`: a version as a single file."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.cli.watching import see_through


@click.command(cls=Command)
@click.argument("service")
@click.option("--version", "number", type=int, metavar="N", help="The champion, if left out.")
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="A file .zip or .tar.gz in a folder or at a URL of data_places, as the sidecar sees it.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@pass_session
def export(session: Session, service: str, number: int | None, to: str, overwrite: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write a version of SERVICE, with what explains it, as a single file.

    Examples:
      minerva export churn --to data/churn.zip
      minerva export churn --version 3 --to data/churn-3.tar.gz --overwrite
    """
    parameters = {"to": to, "overwrite": overwrite}
    if number is not None:
        parameters["version"] = number
    with session.client() as client:
        job = client.start_job(service, "export", parameters)
        see_through(session, client, job, partial(_tell, service))


def _tell(service: str, job: dict[str, Any]) -> None:
    result = job["result"]
    screen.say(f"Version {result['version']} of {service} is in {result['to']}.")
    screen.show_pairs([("bytes", result["bytes"]), ("sha256", result["sha256"])])
