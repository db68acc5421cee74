"""`minerva promote`, `retire`, `rollback`: which version serves, challenges or shadows."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.described import share_of
from minerva.cli.session import Session, pass_session

Document = dict[str, Any]

ALIASES = click.Choice(("champion", "challenger", "shadow", "standby"))


@click.command(cls=Command)
@click.argument("service")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--alias", type=ALIASES, default="champion", show_default=True, help="Its new name.")
@click.option(
    "--share",
    type=click.FloatRange(0, 100, min_open=True),
    metavar="PERCENT",
    help="How many of the calls a challenger answers; 10 unless told.",
)
@click.option("--reason", default="", help="Why; kept in the history.")
@pass_session
def promote(
    session: Session, service: str, version: int, alias: str, share: float | None, reason: str
) -> None:
    """Let a version serve: it proves its goldens first.

    The champion answers. A challenger answers a share of the calls, always the same customers'. A
    shadow is asked too, and compared, but never answers.

    Examples:
      minerva promote churn 3 --reason "better on new customers"
      minerva promote churn 4 --alias challenger --share 10
      minerva promote churn 5 --alias shadow
    """
    with session.client() as client:
        change = client.promote(service, version, alias, reason, share=share)
    _told(
        session, service, change, f"{alias} of {service} is version {version} now{_means(change)}"
    )


@click.command(cls=Command)
@click.argument("service")
@click.argument("alias", type=ALIASES)
@click.option("--reason", default="", help="Why; kept in the history.")
@pass_session
def retire(session: Session, service: str, alias: str, reason: str) -> None:
    """Let the challenger or shadow go; the champion stays.

    Example:
      minerva retire churn challenger
    """
    with session.client() as client:
        change = client.retire(service, alias, reason)
    _told(session, service, change, f"{service} has no {alias} any more.")


@click.command(cls=Command)
@click.argument("service")
@click.option("--reason", default="", help="Why; kept in the history.")
@pass_session
def rollback(session: Session, service: str, reason: str) -> None:
    """Let the version before the present champion serve again.

    Versions in quarantine and pruned ones are passed over.

    Example:
      minerva rollback churn
    """
    with session.client() as client:
        change = client.rollback(service, reason)
    _told(session, service, change, f"champion of {service} is version {change['version']} again.")


def _means(change: Document) -> str:
    if change.get("alias") == "shadow":
        return ": asked and compared, never answering."
    return f"{share_of(str(change.get('alias')), change)}."


def _told(session: Session, service: str, change: Document, said: str) -> None:
    if session.json:
        screen.show_json(change)
        return
    screen.say(said)
    screen.remark(f"Look at all of them: minerva versions {service}")
