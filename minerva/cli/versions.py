"""`minerva versions`: list a service's versions, keep one from serving, let it serve again, prune."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import UsualGroup
from minerva.cli.described import share_of
from minerva.cli.session import Session, pass_session
from minerva.cli.versions_key import key
from minerva.cli.versions_prune import prune
from minerva.cli.versions_shadow import shadow

Document = dict[str, Any]


@click.group(
    cls=UsualGroup,
    commands=[prune, key, shadow],
    subcommand_metavar="SERVICE | COMMAND [ARGS]...",
)
def versions() -> None:
    """List a service's versions, keep one from serving, or free the space of old ones.

    Examples:
      minerva versions churn
      minerva versions quarantine churn 4 --reason "answers nonsense"
      minerva versions release churn 4
      minerva versions prune churn --keep 10
      minerva versions shadow churn
    """


@versions.command("list")
@click.argument("service")
@pass_session
def list_versions(session: Session, service: str) -> None:
    """List a service's versions, newest first, with their metrics.

    Example:
      minerva versions list churn
    """
    with session.client() as client:
        listed = client.versions(service)
    if session.json:
        screen.show_json({"versions": listed})
    elif not listed:
        screen.say(f"{service} has no version yet: minerva train {service}")
    else:
        _show(listed)


@versions.command()
@click.argument("service")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why; told to whoever wants to promote it.")
@pass_session
def quarantine(session: Session, service: str, version: int, reason: str) -> None:
    """Keep a version from serving; if it is champion, the last good one serves again.

    Example:
      minerva versions quarantine churn 4 --reason "answers nonsense"
    """
    with session.client() as client:
        done = client.quarantine(service, version, reason)
    if session.json:
        screen.show_json(done)
        return
    screen.say(f"Version {version} of {service} is in quarantine.")
    if done.get("alias"):
        screen.say(f"champion of {service} is version {done['alias']['version']} again.")
    elif "champion" in done["version"].get("aliases", []):
        screen.remark(
            "It still is champion: no earlier version may serve. Train or promote another."
        )


@versions.command()
@click.argument("service")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", default="", help="Why; written to the log.")
@pass_session
def release(session: Session, service: str, version: int, reason: str) -> None:
    """Let a version in quarantine be promoted again.

    Example:
      minerva versions release churn 4
    """
    with session.client() as client:
        released = client.release(service, version, reason)
    if session.json:
        screen.show_json(released)
        return
    screen.say(f"Version {version} of {service} is not in quarantine any more.")
    screen.remark(f"Let it serve: minerva promote {service} {version}")


def _show(listed: list[Document]) -> None:
    names = list(dict.fromkeys(name for one in listed for name in one.get("metrics", {})))
    noted = any(_note(one) for one in listed)
    rows = (
        (one.get("version"), _aliases(one), screen.moment(one.get("created_at")),
         *(one.get("metrics", {}).get(name) for name in names), one.get("job_id"),
         *([_note(one)] if noted else []))
        for one in listed
    )  # fmt: skip
    columns = ("version", "alias", "made (UTC)", *names, "job", *(["note"] if noted else []))
    screen.show_table(columns, rows, right=names)


def _aliases(one: Document) -> str:
    return "; ".join(f"{alias}{share_of(alias, one)}" for alias in one.get("aliases", []))


def _note(one: Document) -> Any:
    if one.get("pruned"):
        return f"pruned {one['pruned'][:10]}"
    if one.get("quarantined"):
        return screen.coloured(f"in quarantine: {one['quarantined']}", "red")
    return None
