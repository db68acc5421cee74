"""`minerva reproduce`: whether a version comes out the same again."""

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
@click.argument("version", type=click.IntRange(min=1), required=False)
@pass_session
def reproduce(session: Session, service: str, version: int | None) -> None:
    """Train a version of SERVICE again as it was trained, and compare. The champion unless told.

    The same data, code, parameters, seed and libraries give the same bytes; what differs is named.
    Nothing of it serves.

    Examples:
      minerva reproduce churn
      minerva reproduce churn 3
    """
    parameters = {} if version is None else {"version": version}
    with session.client() as client:
        job = client.start_job(service, "reproduce", parameters)
        see_through(session, client, job, partial(_tell, service))


def _tell(service: str, job: dict[str, Any]) -> None:
    result = job["result"]
    screen.say(f"Version {result['version']} of {service}. {result['verdict']}")
    for difference in result["differences"]:
        screen.remark(f"  {difference}")
