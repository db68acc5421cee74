"""`minerva train`: start a training and watch it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.jobs import explain_failure
from minerva.cli.session import Session, pass_session
from minerva.errors import Unavailable

if TYPE_CHECKING:
    from minerva.client import Client

POLL_S = 0.25
"""Between two looks at the job."""
PATIENCE_S = 60
"""How long a sidecar may be away (a restart, say) before watching gives up; the job goes on anyway."""
WAITING_S = 5
"""So long may a job wait before the watcher is told to look for a worker."""
FACTS = ("rows", "held_out_rows", "training_seconds")
ENDED = frozenset({"succeeded", "failed", "cancelled", "dead"})


@click.command(cls=Command)
@click.argument("service")
@click.option("--no-wait", is_flag=True, help="Return as soon as the job is accepted.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="The same key again leads to the same job, not a second.",
)
@pass_session
def train(session: Session, service: str, no_wait: bool, idempotency_key: str | None) -> None:  # noqa: FBT001 - click passes flags so
    """Train a new version of SERVICE from its declared data, and watch.

    Ctrl-C stops watching; the job goes on.

    Examples:
      minerva train churn
      minerva train churn --no-wait --idempotency-key nightly-2026-01-31
    """
    with session.client() as client:
        job = client.train(service, idempotency_key)
        if not no_wait:
            job = _watched(session, client, job)
    if session.json:
        screen.show_json({"job": job})
    elif no_wait:
        screen.say(f"Job {job['id']} is {job['state']}: minerva jobs show {job['id']}")
    else:
        _tell(service, job)
    if job["state"] in ENDED - {"succeeded"}:
        raise click.exceptions.Exit(1)


def _watched(session: Session, client: Client, job: dict[str, Any]) -> dict[str, Any]:
    try:
        return _with_bar(client, job) if not session.json else _follow(client, job)
    except KeyboardInterrupt:
        screen.remark(
            f"\nNo longer watching; the job goes on: minerva jobs show {job['id']}\n"
            f"To stop it: minerva jobs cancel {job['id']}"
        )
        raise click.exceptions.Exit(1) from None


def _with_bar(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[state]}"), BarColumn(), TaskProgressColumn(),
        TimeElapsedColumn(), TextColumn("{task.fields[message]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=screen.console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, state=job["state"], message="")

        def show(seen: dict[str, Any], waited_s: float) -> None:
            message = seen.get("message") or ""
            if seen["state"] == "queued" and waited_s > WAITING_S:
                message = "no worker has taken it yet: is one running? (minerva doctor)"
            bar.update(task, completed=seen["progress"], state=seen["state"], message=message)

        return _follow(client, job, show)


def _follow(
    client: Client, job: dict[str, Any], show: Any = lambda _seen, _s: None
) -> dict[str, Any]:
    started = heard = time.monotonic()
    while job["state"] not in ENDED:
        time.sleep(POLL_S)
        try:
            job = client.job(job["id"])
            heard = time.monotonic()
        except Unavailable:
            if time.monotonic() - heard > PATIENCE_S:
                raise
        show(job, time.monotonic() - started)
    return job


def _tell(service: str, job: dict[str, Any]) -> None:
    if job["state"] != "succeeded":
        for line in explain_failure(job):
            screen.remark(line)
        screen.remark(f"What it printed: minerva jobs log {job['id']}")
        return
    result = job.get("result") or {}
    screen.say(f"Version {result.get('version', '?')} of {service} is trained. {_fate(result)}")
    rows: list[tuple[str, Any]] = list((result.get("metrics") or {}).items())
    rows += [(name.replace("_", " "), result[name]) for name in FACTS if name in result]
    screen.show_pairs(rows)
    for warning in result.get("warnings") or []:
        screen.remark(f"Careful: {warning}")


def _fate(result: dict[str, Any]) -> str:
    if result.get("promoted"):
        return "It is champion now."
    return f"It does not serve: {result.get('verdict', 'it was not promoted.')}"
