"""`minerva versions prune`: give up old versions. Works on the workspace itself, so it needs no sidecar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.registry.retention import Plan

KEEP = 5
UNITS = ("bytes", "kB", "MB", "GB", "TB")


@click.command(cls=Command)
@click.argument("service", required=False)
@click.option(
    "--keep", default=KEEP, show_default=True, type=click.IntRange(min=0),
    help="How many of the newest versions stay, whatever they are.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do it; without, only what would be freed is said.")
@click.option("--tenant", default="default", show_default=True, help="Whose services.")
@pass_session
def prune(session: Session, service: str | None, keep: int, yes: bool, tenant: str) -> None:  # noqa: FBT001 - click gives it by name
    """Free the space of old versions: of one service, or of all.

    Kept are the newest, what an alias names, the champion before the present one, and what a job
    that is not finished names. What is freed stays in the list of versions, but cannot serve again.

    Examples:
      minerva versions prune
      minerva versions prune churn --keep 10 --yes
    """
    from minerva.cli.control import control
    from minerva.layers.abstraction.registry.retention import Retention

    with control(session.load()) as container:
        retention = Retention(container.registry, container.stores.jobs, container.artefacts)
        names = [service] if service else _services(container, tenant)
        act = retention.prune if yes else retention.plan
        plans = [act(tenant, name, keep) for name in names]
    if session.json:
        screen.show_json(_document(plans, done=yes))
    else:
        _show(plans, done=yes)


def _services(container: Container, tenant: str) -> list[str]:
    return [one.service for one in container.registry.configurations.list_latest(tenant)]


def _document(plans: Sequence[Plan], *, done: bool) -> dict[str, Any]:
    return {
        "done": done,
        "bytes": sum(plan.bytes for plan in plans),
        "freed": [
            {
                "service": plan.service,
                "version": one.version.number,
                "created_at": one.version.created_at.isoformat(),
                "bytes": one.bytes,
            }
            for plan in plans
            for one in plan.freed
        ],
        "kept": [
            {"service": plan.service, "version": number, "why": why}
            for plan in plans
            for number, why in plan.kept.items()
        ],
    }


def _show(plans: Sequence[Plan], *, done: bool) -> None:
    for plan in plans:
        for number, why in plan.kept.items():
            screen.remark(f"{plan.service} keeps version {number}: {why}")
    count = sum(len(plan.freed) for plan in plans)
    if not count:
        screen.say("There is nothing to free.")
        return
    rows = (
        (plan.service, one.version.number, screen.moment(one.version.created_at.isoformat()),
         _size(one.bytes))
        for plan in plans
        for one in plan.freed
    )  # fmt: skip
    screen.show_table(("service", "version", "made (UTC)", "size"), rows, right=("size",))
    total = f"{_size(sum(plan.bytes for plan in plans))} of {_versions(count)}"
    if done:
        screen.say(f"Freed {total}.")
    else:
        screen.say(f"This would free {total}. Do it: the same command with --yes")


def _versions(count: int) -> str:
    return "1 version" if count == 1 else f"{count} versions"


def _size(count: float) -> str:
    """Return bytes in the unit that leaves one to three digits, as file managers do."""
    step = 1000
    for unit in UNITS[:-1]:
        if count < step:
            return f"{count:.0f} {unit}" if unit == UNITS[0] else f"{count:.1f} {unit}"
        count /= step
    return f"{count:.1f} {UNITS[-1]}"
