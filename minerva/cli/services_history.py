"""`minerva services history` and `rollback`: who changed a configuration and why, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

Document = dict[str, Any]
LONG = 40


@click.command(cls=Command)
@click.argument("service")
@click.argument("revision", type=click.IntRange(min=1), required=False)
@pass_session
def history(session: Session, service: str, revision: int | None) -> None:
    """Show who changed a service's configuration, when, why and what; or one revision as YAML.

    Examples:
      minerva services history churn
      minerva services history churn 3
    """
    with session.client() as client:
        if revision is not None:
            _show_one(session, client.revision(service, revision))
            return
        listed = client.revisions(service)
    if session.json:
        screen.show_json({"revisions": listed})
        return
    rows = (
        (one["revision"], screen.moment(one["created_at"]), one["author"], one["reason"],
         "\n".join(_changes(one)))
        for one in listed
    )  # fmt: skip
    screen.show_table(("revision", "made (UTC)", "author", "reason", "changed"), rows)


@click.command(cls=Command)
@click.argument("service")
@click.option("--to", "revision", type=click.IntRange(min=1), required=True, help="The revision.")
@click.option("--reason", required=True, help="Why; kept with the new revision.")
@click.option("--train", is_flag=True, help="Train a version of it, too.")
@pass_session
def rollback(session: Session, service: str, revision: int, reason: str, train: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Let a service be declared as it was at a revision, until its file changes.

    Policies such as deadlines apply within a second. A version that was trained by another revision
    goes on serving: train anew, or promote the version that was trained by it.

    Example:
      minerva services rollback churn --to 3 --reason "deeper trees were no better"
    """
    with session.client() as client:
        done = client.restore(service, revision, reason, train=train)
        made = [one for one in client.versions(service) if _made_by(one, revision)]
    if session.json:
        screen.show_json(done)
        return
    newest = done["revision"]
    screen.say(
        f"{service} is declared as at revision {revision}, by revision {newest['revision']}."
    )
    if done.get("job_id"):
        screen.say(f"Training: minerva jobs show {done['job_id']}")
    elif made:
        version = made[0]["version"]
        screen.say(f"Version {version} was trained by it: minerva promote {service} {version}")
    else:
        screen.say(f"No version was trained by it: minerva train {service}")
    if newest["derived"]:
        screen.remark("Its file says otherwise, and counts again as soon as it changes.")


def _made_by(version: Document, revision: int) -> bool:
    return bool(version.get("configuration_revision") == revision and not version.get("pruned"))


def _show_one(session: Session, revision: Document) -> None:
    if session.json:
        screen.show_json({"revision": revision})
        return
    import yaml

    names = ("revision", "created_at", "author", "reason")
    for name in names:
        if revision.get(name):
            screen.say(f"# {name.replace('_', ' ')}: {revision[name]}")
    declared = yaml.safe_dump(revision["declaration"], sort_keys=False, allow_unicode=True)
    screen.say(declared.rstrip())


def _changes(revision: Document) -> Iterator[str]:
    for one in revision.get("changes", []):
        yield f"{one['member']}: {_short(one['before'])} → {_short(one['after'])}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"
