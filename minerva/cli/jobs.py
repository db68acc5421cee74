"""`minerva jobs`: offline work, what became of it and what it printed."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.session import Session, pass_session

STATES = ("queued", "running", "succeeded", "failed", "cancelled", "dead")


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def jobs(ctx: click.Context) -> None:
    """List jobs, show one, cancel one, or read what one printed.

    Examples:
      minerva jobs
      minerva jobs show 5f0c…
      minerva jobs cancel 5f0c…
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), None, None, 20)


@jobs.command("list")
@click.option("--service", metavar="NAME", help="Only those of one service.")
@click.option("--state", type=click.Choice(STATES), help="Only those in one state.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@pass_session
def list_jobs(session: Session, service: str | None, state: str | None, limit: int) -> None:
    """List jobs, newest first."""
    _list(session, service, state, limit)


@jobs.command("show")
@click.argument("job")
@pass_session
def show_job(session: Session, job: str) -> None:
    """Show one job with its history."""
    with session.client() as client:
        found = client.job(job)
        events = client.job_history(job)
    if session.json:
        screen.show_json({"job": found, "events": events})
        return
    screen.show_pairs(_facts(found))
    screen.say("")
    screen.show_table(
        ("at (UTC)", "state", "attempt", "message"),
        (
            (screen.moment(e["at"]), screen.state(e["state"]), e["attempt"], e["message"])
            for e in events
        ),
    )


@jobs.command("cancel")
@click.argument("job")
@pass_session
def cancel_job(session: Session, job: str) -> None:
    """Ask a job to stop; one that has ended stays as it is."""
    with session.client() as client:
        found = client.cancel(job)
    if session.json:
        screen.show_json({"job": found})
        return
    said = {
        "cancelled": "is cancelled.",
        "running": "was asked to stop.",
        "queued": "was asked to stop.",
    }
    screen.say(
        f"Job {job} {said.get(found['state'], 'had ended already: ' + found['state'] + '.')}"
    )


@jobs.command("log")
@click.argument("job")
@pass_session
def job_log(session: Session, job: str) -> None:
    """Print what a job's attempts wrote to their output."""
    with session.client() as client:
        text = client.job_log(job)
    if session.json:
        screen.show_json({"job_id": job, "log": text})
        return
    click.echo(text, nl=not text.endswith("\n"))


def explain_failure(job: dict[str, Any]) -> list[str]:
    """Return why a job did not succeed, as lines."""
    error = job.get("error") or {}
    lines = [str(error.get("message") or f"The job ended as {job['state']}.")]
    lines += [f"  {fault['where']}: {fault['message']}" for fault in error.get("faults", [])]
    return lines


def _list(session: Session, service: str | None, state: str | None, limit: int) -> None:
    with session.client() as client:
        listed = client.jobs(service=service, state=state, limit=limit)
    if session.json:
        screen.show_json({"jobs": listed})
        return
    if not listed:
        screen.say("There are no such jobs.")
        return
    screen.show_table(
        ("job", "kind", "service", "state", "done", "asked for (UTC)", "message"),
        (
            (one["id"], one["kind"], one["service"], screen.state(one["state"]),
             f"{one['progress']:.0%}", screen.moment(one["created_at"]), _message(one))
            for one in listed
        ),
        right=("done",),
    )  # fmt: skip


def _message(job: dict[str, Any]) -> str:
    error = job.get("error")
    return str(error.get("message", "")) if error else str(job.get("message") or "")


def _facts(job: dict[str, Any]) -> list[tuple[str, Any]]:
    result = job.get("result") or {}
    facts: list[tuple[str, Any]] = [
        ("job", job["id"]),
        ("kind", job["kind"]),
        ("service", job["service"]),
        ("state", screen.state(job["state"])),
        ("done", f"{job['progress']:.0%} {job.get('message') or ''}".strip()),
        ("attempt", job["attempt"]),
        ("asked for", screen.moment(job["created_at"])),
        ("started", screen.moment(job.get("started_at"))),
        ("ended", screen.moment(job.get("finished_at"))),
        ("request id", job["request_id"]),
    ]
    facts += [(name.replace("_", " "), _value(value)) for name, value in result.items()]
    if job.get("error"):
        facts.append(("failure", screen.coloured("\n".join(explain_failure(job)), "red")))
    return facts


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {screen.number(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return screen.number(value)
