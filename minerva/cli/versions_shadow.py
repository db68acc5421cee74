"""`minerva versions shadow`: how far the shadow agrees with what callers were answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import InvalidConfiguration

NEWEST = 100_000
"""Comparisons that are summed up, from the newest backwards."""
EVENTS = ("shadow.compared", "shadow.failed")


@click.command(cls=Command)
@click.argument("service")
@pass_session
def shadow(session: Session, service: str) -> None:
    """Sum up, from the shared log, how a service's shadow versions compare with what was answered.

    Example:
      minerva versions shadow churn
    """
    from minerva.layers.core.telemetry.log_reader import latest

    folder = session.load().log_folder
    if folder is None:
        raise InvalidConfiguration("The log goes to standard output here: look where it is kept.")
    found = latest(
        folder, NEWEST, lambda e: e.get("event") in EVENTS and e.get("service") == service
    )
    compared = _summed(found)
    if session.json:
        screen.show_json({"service": service, "comparisons": compared})
    elif not compared:
        screen.say(
            f"No shadow of {service} was asked yet: minerva promote {service} N --alias shadow"
        )
    else:
        columns = ("shadow", "against", "calls", "records", "agreed", "mean difference", "failed")
        screen.show_table(columns, map(_row, compared), right=columns[2:])


def _summed(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one sum for each pair of shadow and answering version, newest pair last."""
    sums: dict[tuple[Any, Any], dict[str, Any]] = {}
    for event in events:
        pair = (event.get("shadow"), event.get("version"))
        total = sums.setdefault(
            pair,
            {"calls": 0, "records": 0, "agreed": 0, "failed": 0, "distance": 0.0, "numbers": 0},
        )
        total["calls"] += 1
        total["failed"] += event["event"] == EVENTS[1]
        rows = int(event.get("rows") or 0)
        total["records"] += rows
        total["agreed"] += int(event.get("agreed") or 0)
        if event.get("difference") is not None:
            total["distance"] += float(event["difference"]) * rows
            total["numbers"] += rows
    return [_plain(pair, total) for pair, total in sums.items()]


def _plain(pair: tuple[Any, Any], total: dict[str, Any]) -> dict[str, Any]:
    distance, numbers = total.pop("distance"), total.pop("numbers")
    difference = round(distance / numbers, 6) if numbers else None
    return {"shadow": pair[0], "against": pair[1], **total, "difference": difference}


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    share = f"{one['agreed'] / one['records']:.1%}" if one["records"] else None
    return (
        one["shadow"], one["against"], one["calls"], one["records"], share, one["difference"],
        one["failed"],
    )  # fmt: skip
