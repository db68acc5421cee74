"""`minerva doctor`: whether everything is as it should be, and if not, what to do."""

from __future__ import annotations

import click

from minerva.cli.command import Group
from minerva.cli.doctor_report import told
from minerva.cli.doctor_service import service
from minerva.cli.session import Session


@click.group(cls=Group, invoke_without_command=True, commands=[service])
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check everything: workspace, stores, worker, sidecar, plugins, services, data, where models run.

    Exit code 1 if anything is not as it should be.

    Examples:
      minerva doctor
      minerva doctor --json
      minerva doctor service churn
    """
    if ctx.invoked_subcommand is None:
        from minerva.cli.checks import examine

        session = ctx.ensure_object(Session)
        told(session, examine(session))
