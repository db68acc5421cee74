"""`minerva jobs upcoming`: what starts by itself next, and what became of it the last time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session


@click.command("upcoming", cls=Command)
@click.option("--service", metavar="NAME", help="Only those of one service.")
@click.option(
    "--count", "-n", type=click.IntRange(1, 100), default=3, show_default=True,
    help="How many times of each schedule.",
)  # fmt: skip
@pass_session
def upcoming(session: Session, service: str | None, count: int) -> None:
    """Show what starts jobs by itself: when next, in its time zone and in UTC, and how it went.

    Examples:
      minerva jobs upcoming
      minerva jobs upcoming --service churn -n 10
      minerva --json jobs upcoming
    """
    with session.client() as client:
        found = client.schedules(service=service, count=count)
    if session.json:
        screen.show_json({"schedules": found})
        return
    if not found:
        screen.say("Nothing starts by itself: no service declares a schedule.")
        return
    screen.show_table(
        ("service", "schedule", "kind", "next", "time zone", "next (UTC)", "last (UTC)", "outcome"),
        (row for one in found for row in _rows(one)),
    )
    for one in found:
        if one["overdue"]:
            screen.remark(
                f"{one['service']}: {one['name']} is due since {screen.moment(one['overdue'])} UTC; "
                "does beat run? `minerva up` and `minerva beat` start it."
            )


def _rows(one: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield a line for each time; what is the same in all stands in the first."""
    last = one["last"] or {}
    head = (one["service"], one["name"], one["kind"])
    tail = (screen.moment(last.get("at")), _outcome(last))
    zone = one.get("timezone") or f"every {screen.number(one['every_s'])} s"
    for at in one["next"]:
        yield (*head, _minute(at["local"]), zone, _minute(at["utc"]), *tail)
        head, tail = ("", "", ""), ("", "")


def _minute(iso: str) -> str:
    return screen.moment(iso)[:16]


def _outcome(last: dict[str, Any]) -> Any:
    state = last.get("state")
    error = last.get("error")
    if state is None:
        return screen.coloured(error, "red") if error else ""
    said = screen.state(state)
    if error:
        said.append(f": {error}")
    return said
