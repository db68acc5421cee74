"""`minerva jobs`: offline work, what became of it and what it printed."""

from __future__ import annotations

import json
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.session import Session, pass_session
from minerva.cli.upcoming import upcoming
from minerva.cli.watching import Job, explain_failure, see_through, time_left
from minerva.errors import InvalidInput

STATES = ("queued", "running", "succeeded", "failed", "cancelled", "dead")


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def jobs(ctx: click.Context) -> None:
    """List jobs, start, show, cancel or try one again, or read what one printed.

    Examples:
      minerva jobs
      minerva jobs show 5f0c…
      minerva jobs cancel 5f0c…
      minerva jobs list --state dead
      minerva jobs retry --dead
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


@jobs.command("start")
@click.argument("kind")
@click.argument("service")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter; VALUE is JSON or text.",
)
@click.option("--priority", type=click.IntRange(-100, 100), help="Higher ones go first.")
@click.option("--callback-url", metavar="URL", help="Is told when the job has ended.")
@click.option("--no-wait", is_flag=True, help="Return as soon as the job is accepted.")
@pass_session
def start_job(
    session: Session,
    kind: str,
    service: str,
    settings: tuple[str, ...],
    priority: int | None,
    callback_url: str | None,
    no_wait: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Start a job of any KIND on SERVICE, a plugin's too, and watch it.

    Example:
      minerva jobs start log-digest churn --set hours=48
    """
    parameters = dict(_parameter(one) for one in settings)
    with session.client() as client:
        job = client.start_job(
            service, kind, parameters, callback_url=callback_url, priority=priority
        )
        see_through(session, client, job, _tell, no_wait=no_wait)


def _tell(job: Job) -> None:
    screen.show_pairs(_facts(job))


@jobs.command("retry")
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option("--dead", is_flag=True, help="All that ran out of attempts.")
@click.option("--service", metavar="NAME", help="With --dead: only those of one service.")
@pass_session
def retry_jobs(
    session: Session,
    job_ids: tuple[str, ...],
    dead: bool,  # noqa: FBT001 - click passes flags so
    service: str | None,
) -> None:
    """Queue again jobs that are dead, failed or cancelled, with new attempts.

    Examples:
      minerva jobs retry 5f0c…
      minerva jobs retry --dead --service churn
    """
    if not job_ids and not dead:
        raise click.UsageError("Name jobs, or say --dead for all that ran out of attempts.")
    with session.client() as client:
        ids = [*job_ids]
        if dead:
            ids += [one["id"] for one in client.jobs(state="dead", service=service, limit=500)]
        retried = [client.retry(one) for one in ids]
    if session.json:
        screen.show_json({"jobs": retried})
        return
    for job in retried:
        screen.say(f"Job {job['id']} ({job['kind']} of {job['service']}) is queued again.")
    if not retried:
        screen.say("There are no dead jobs.")


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


for command in (upcoming,):
    jobs.add_command(command)


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
        ("done", " ".join(filter(None, _done(job)))),
        ("attempt", f"{job['attempt']} of {job['max_attempts']}"),
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


def _done(job: dict[str, Any]) -> tuple[str, ...]:
    left = time_left(job.get("seconds_left"))
    return f"{job['progress']:.0%}", job.get("message") or "", f"({left})" if left else ""


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidInput(f"--set {text}: write NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
