"""`minerva audit`: who decided what about services and versions, when and why."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.logs import log_folder
from minerva.cli.session import Session, pass_session

Event = dict[str, Any]
PREFIX = "audit."
DECISIONS = {
    "service_declared": "declared revision {revision}",
    "training_started": "began a training",
    "training_ended": "trained version {version}",
    "version_promoted": "made version {version} the {alias}",
    "version_rolled_back": "went back to version {version}",
    "version_quarantined": "put version {version} into quarantine",
}
"""Event → what was done; the rest of the trail follows from these."""


@click.command(cls=Command)
@click.argument("service", required=False)
@click.option("--lines", "-n", type=click.IntRange(1, 10_000), default=50, show_default=True)
@pass_session
def audit(session: Session, service: str | None, lines: int) -> None:
    """Tell who decided what about SERVICE, or all of them: when, and why. Newest last.

    It is read from the shared log's events `audit.*`.

    Examples:
      minerva audit
      minerva audit churn -n 200
      minerva audit --json
    """
    from minerva.layers.core.telemetry import log_reader

    def wanted(event: Event) -> bool:
        name = str(event.get("event", ""))
        known = name.startswith(PREFIX) and name.removeprefix(PREFIX) in DECISIONS
        return known and service in {None, event.get("service")}

    found = log_reader.latest(log_folder(session), lines, wanted)
    if session.json:
        screen.show_json({"decisions": found})
    elif not found:
        screen.say("Nothing was decided yet.")
    else:
        rows = (
            (screen.moment(one.get("timestamp")), one.get("service"), _done(one),
             one.get("author"), one.get("reason") or one.get("code"))
            for one in found
        )  # fmt: skip
        screen.show_table(("when (UTC)", "service", "what", "who", "why"), rows)


def _done(event: Event) -> str:
    name = str(event["event"]).removeprefix(PREFIX)
    if name == "training_ended" and event.get("version") is None:
        return "a training failed"
    if name == "training_ended" and not event.get("promoted"):
        return f"trained version {event['version']}, which was held back"
    return DECISIONS[name].format_map(
        {"version": "?", "alias": "champion", "revision": "?", **event}
    )
