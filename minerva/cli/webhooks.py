"""`minerva webhooks`: who is told of what. Works on the workspace's database, so it needs no sidecar."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.session import Session, pass_session
from minerva.errors import Unavailable

if TYPE_CHECKING:
    from minerva.bootstrap import Container

AUTHOR = "command line"
POLL_S = 0.1
CALLBACKS = "callbacks"
EVENTS = (
    "job.succeeded", "job.failed", "job.cancelled", "job.dead",
    "version.promoted", "version.rolled_back", "version.quarantined", "drift.noticed",
    "service.drifted", "service.decayed",
)  # fmt: skip
tenant_option = click.option(
    "--tenant", default="default", show_default=True, help="Whose services it is about."
)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def webhooks(ctx: click.Context) -> None:
    """Tell other systems what happened: signed messages to URLs that subscribe.

    Hosts must be listed in the setting webhook_targets.

    Examples:
      minerva webhooks
      minerva webhooks add https://hooks.example.com/minerva --event job.failed --event job.dead
      minerva webhooks test 3fa9c0…
      minerva webhooks deliveries
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), "default")


@webhooks.command("add")
@click.argument("receiver", metavar="URL")
@click.option(
    "--event", "events", multiple=True, type=click.Choice(EVENTS), metavar="EVENT",
    help=f"What to tell, several times for several; everything if left out: {', '.join(EVENTS)}.",
)  # fmt: skip
@click.option("--service", default="", metavar="NAME", help="Only of one service.")
@tenant_option
@pass_session
def add_webhook(
    session: Session, receiver: str, events: Sequence[str], service: str, tenant: str
) -> None:
    """Tell URL of events and print the secret that its receiver verifies with.

    Examples:
      minerva webhooks add https://hooks.example.com/minerva
      minerva webhooks add https://hooks.example.com/minerva --service churn --event drift.noticed
    """
    from minerva.cli.control import control

    with control(session.load()) as container:
        hooks = container.webhooks
        made = hooks.subscribe(tenant, receiver, events=events, service=service, author=AUTHOR)
        secret = hooks.secret(tenant, made.id)
    if session.json:
        screen.show_json({**made.to_json(), "secret": secret})
        return
    screen.show_pairs(
        (("webhook", made.id), ("events", ", ".join(made.events)), ("secret", secret))
    )
    screen.remark(f"Try it: minerva webhooks test {made.id}")


@webhooks.command("list")
@tenant_option
@pass_session
def list_webhooks(session: Session, tenant: str) -> None:
    """List who is told of what."""
    _list(session, tenant)


@webhooks.command("remove")
@click.argument("webhook", metavar="ID")
@tenant_option
@pass_session
def remove_webhook(session: Session, webhook: str, tenant: str) -> None:
    """Tell a URL nothing any more, nor what waits to be sent."""
    from minerva.cli.control import control

    with control(session.load()) as container:
        removed = container.webhooks.remove(tenant, webhook, AUTHOR)
    if session.json:
        screen.show_json(removed.to_json())
        return
    screen.say(f"Webhook {removed.id} is removed.")


@webhooks.command("secret")
@click.argument("webhook", metavar="ID")
@tenant_option
@pass_session
def show_secret(session: Session, webhook: str, tenant: str) -> None:
    """Print the secret that a receiver verifies with.

    That of URLs which jobs name as their callback_url has the ID callbacks.

    Examples:
      minerva webhooks secret 3fa9c0…
      minerva webhooks secret callbacks
    """
    from minerva.cli.control import control

    with control(session.load()) as container:
        secret = container.webhooks.secret(tenant, webhook)
    if session.json:
        screen.show_json({"webhook": webhook, "secret": secret})
        return
    screen.say(secret)


@webhooks.command("test")
@click.argument("webhook", metavar="ID")
@click.option(
    "--wait", "wait_s", default=30.0, show_default=True, help="Seconds to wait for an answer."
)
@tenant_option
@pass_session
def test_webhook(session: Session, webhook: str, wait_s: float, tenant: str) -> None:
    """Have a worker send a message of type webhook.test, and say what the receiver answered."""
    from minerva.cli.control import control

    with control(session.load()) as container:
        delivery = _tried(container, tenant, webhook, wait_s)
    if session.json:
        screen.show_json(delivery)
    else:
        screen.say(f"Message {delivery['webhook_id']}: {_outcome(delivery)}")
    if delivery["state"] != "succeeded":
        raise click.exceptions.Exit(1)


@webhooks.command("deliveries")
@click.argument("webhook", metavar="[ID]", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@tenant_option
@pass_session
def list_deliveries(session: Session, webhook: str | None, limit: int, tenant: str) -> None:
    """List what became of each message, newest first; only those to one webhook if ID is given.

    A delivery is a job: minerva jobs show tells its history, minerva jobs retry sends it again.

    Examples:
      minerva webhooks deliveries
      minerva webhooks deliveries callbacks
    """
    from minerva.cli.control import control
    from minerva.layers.abstraction.webhooks.deliveries import delivery_json

    with control(session.load()) as container:
        jobs = container.webhooks.deliveries(tenant, receiver=webhook, limit=limit)
    found = [delivery_json(job) for job in jobs]
    if session.json:
        screen.show_json({"deliveries": found})
        return
    if not found:
        screen.say("Nothing was sent yet.")
        return
    screen.show_table(
        ("delivery", "event", "service", "to", "state", "attempt", "at (UTC)", "what came of it"),
        (
            (one["id"], one["type"], one["service"], one["webhook"], screen.state(one["state"]),
             one["attempt"], screen.moment(one["created_at"]), _outcome(one))
            for one in found
        ),
    )  # fmt: skip


def _list(session: Session, tenant: str) -> None:
    from minerva.cli.control import control

    with control(session.load()) as container:
        found = [one.to_json() for one in container.webhooks.list(tenant)]
    if session.json:
        screen.show_json({"webhooks": found})
        return
    if not found:
        screen.say("Nobody is told of anything: minerva webhooks add URL")
        return
    screen.show_table(
        ("webhook", "service", "url", "events", "disabled"),
        (
            (one["id"], one["service"] or "all", one["url"], "\n".join(one["events"]),
             one["disabled_reason"])
            for one in found
        ),
    )  # fmt: skip


def _tried(container: Container, tenant: str, webhook: str, wait_s: float) -> dict[str, Any]:
    """Return the test's delivery after its first attempt."""
    from minerva.layers.abstraction.webhooks.deliveries import delivery_json

    job = container.webhooks.test(tenant, webhook)
    until = time.monotonic() + wait_s
    while not (job.state.ended or job.error):
        if time.monotonic() > until:
            raise Unavailable(
                f"No worker sent the message within {wait_s:g} s: is one running? It is sent when one "
                f"comes. Look: minerva jobs show {job.id}"
            )
        time.sleep(POLL_S)
        job = container.jobs.get(tenant, job.id)
    return delivery_json(job)


def _outcome(delivery: dict[str, Any]) -> str:
    if delivery["result"]:
        return f"the receiver answered {delivery['result']['status']}."
    if delivery["error"]:
        again = delivery.get("not_before")
        later = f" Next attempt: {screen.moment(again)}" if again else ""
        return str(delivery["error"]["message"]) + later
    return ""
