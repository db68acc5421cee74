"""Watching a job from the terminal until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.session import Session
from minerva.errors import Unavailable

if TYPE_CHECKING:
    from minerva.client import Client

Job = dict[str, Any]
POLL_S = 0.25
"""Between two looks at the job."""
PATIENCE_S = 60
"""How long a sidecar may be away (a restart, say) before watching gives up; the job goes on anyway."""
WAITING_S = 5
"""So long may a job wait before the watcher is told to look for a worker."""
MINUTE_S, HOUR_S = 60, 3600
ENDED = frozenset({"succeeded", "failed", "cancelled", "dead"})


def waiting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that starts a job `--no-wait` and `--idempotency-key`."""
    key = click.option(
        "--idempotency-key",
        metavar="KEY",
        help="The same key again leads to the same job, not a second.",
    )
    wait = click.option("--no-wait", is_flag=True, help="Return as soon as the job is accepted.")
    return wait(key(command))


def see_through(
    session: Session,
    client: Client,
    job: Job,
    tell: Callable[[Job], None],
    *,
    no_wait: bool = False,
    later: str = "",
) -> None:
    """Watch a job and tell what came of it, or why it did not succeed; leave with exit code 1 then.

    `later`: the command that shows what came of one that is not waited for.
    """
    if not no_wait:
        job = _watched(session, client, job)
    if session.json:
        screen.show_json({"job": job})
    elif no_wait:
        look = later or f"minerva jobs show {job['id']}"
        screen.say(f"Job {job['id']} is {job['state']}: {look}")
    elif job["state"] == "succeeded":
        tell(job)
    else:
        _tell_failure(job)
    if job["state"] in ENDED - {"succeeded"}:
        raise click.exceptions.Exit(1)


def _watched(session: Session, client: Client, job: Job) -> Job:
    """Return the job when it has ended, with a bar for people. Ctrl-C stops watching, not the job."""
    try:
        return _follow(client, job, _nothing) if session.json else _with_bar(client, job)
    except KeyboardInterrupt:
        screen.remark(
            f"\nNo longer watching; the job goes on: minerva jobs show {job['id']}\n"
            f"To stop it: minerva jobs cancel {job['id']}"
        )
        raise click.exceptions.Exit(1) from None


def explain_failure(job: Job) -> list[str]:
    """Return why a job did not succeed, as lines."""
    error = job.get("error") or {}
    lines = [str(error.get("message") or f"The job ended as {job['state']}.")]
    lines += [f"  {fault['where']}: {fault['message']}" for fault in error.get("faults", [])]
    return lines


def _tell_failure(job: Job) -> None:
    """Say why a job did not succeed, and where to look further."""
    for line in explain_failure(job):
        screen.remark(line)
    screen.remark(f"What it printed: minerva jobs log {job['id']}")


def time_left(seconds: float | None) -> str:
    """Return an estimate as people say it, "" for none."""
    if seconds is None:
        return ""
    if seconds < MINUTE_S:
        return f"{max(1, round(seconds))} s left"
    if seconds < HOUR_S:
        return f"{round(seconds / MINUTE_S)} min left"
    return f"{seconds / HOUR_S:.1f} h left"


def _with_bar(client: Client, job: Job) -> Job:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[state]}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"), TextColumn("{task.fields[message]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=screen.console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, state=job["state"], message="", left="")

        def show(seen: Job, waited_s: float) -> None:
            message = seen.get("message") or ""
            if seen["state"] == "queued" and waited_s > WAITING_S:
                message = "no worker has taken it yet: is one running? (minerva doctor)"
            bar.update(
                task,
                completed=seen["progress"],
                state=seen["state"],
                message=message,
                left=time_left(seen.get("seconds_left")),
            )

        return _follow(client, job, show)


def _follow(client: Client, job: Job, show: Callable[[Job, float], None]) -> Job:
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


def _nothing(_seen: Job, _waited_s: float) -> None:
    """Show nothing: the answer is for a machine."""
