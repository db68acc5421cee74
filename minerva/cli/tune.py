"""`minerva tune`: look for better parameters, and decide on what was found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import UsualGroup
from minerva.cli.session import Session, pass_session
from minerva.cli.watching import see_through, waiting_options

Document = dict[str, Any]
START = "start"
SHOWN = 50
"""So many trials are listed at most, the best first."""


class TuneGroup(UsualGroup):
    """`minerva tune churn` starts a tuning."""

    usual = START


@click.group(cls=TuneGroup, subcommand_metavar="SERVICE | COMMAND [ARGS]...")
def tune() -> None:
    """Look for better parameters by trials, and decide on what is proposed.

    The service's file says what may be tried (`tuning: {space: …}`); without that the algorithm does,
    if it can. The proposal with its evidence waits for a person, unless `accept: gate` is declared.

    Examples:
      minerva tune churn --trials 20
      minerva tune show churn
      minerva tune show churn 3
      minerva tune accept churn 3 --reason "better in every month"
      minerva tune reject churn 3 --reason "too slow"
    """


@tune.command(START)
@click.argument("service")
@click.option("--trials", type=click.IntRange(1, 10_000), help="How many; else as declared, or 30.")
@click.option(
    "--timeout-s",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Begin no trial later.",
)
@click.option("--parallel", type=click.IntRange(1, 100), help="How many at a time.")
@waiting_options
@pass_session
def start(
    session: Session,
    service: str,
    trials: int | None,
    timeout_s: float | None,
    parallel: int | None,
    no_wait: bool,  # noqa: FBT001 - click passes flags so
    idempotency_key: str | None,
) -> None:
    """Look for better parameters of SERVICE, and watch; `start` may be left out.

    Ctrl-C stops watching; the job goes on.

    Examples:
      minerva tune churn
      minerva tune churn --trials 100 --parallel 4 --timeout-s 3600 --no-wait
    """
    with session.client() as client:
        job = client.tune(
            service, idempotency_key, trials=trials, timeout_s=timeout_s, parallel=parallel
        )
        tell = partial(_tell, service)
        later = f"minerva tune show {service}"
        see_through(session, client, job, tell, no_wait=no_wait, later=later)


@tune.command("show")
@click.argument("service")
@click.argument("proposal", type=click.IntRange(min=1), required=False)
@pass_session
def show(session: Session, service: str, proposal: int | None) -> None:
    """List what tunings of SERVICE proposed, or show one with its evidence and trials."""
    with session.client() as client:
        if proposal is None:
            _list(session, service, client.proposals(service))
            return
        found = client.proposal(service, proposal)
        study = client.study(found["job_id"])
    if session.json:
        screen.show_json({"proposal": found, **study})
        return
    screen.show_pairs(_facts(found))
    screen.say("")
    screen.show_table(
        ("trial", "state", study["metric"], "parameters", "why"),
        (
            (one["number"] or "present", one["state"], one["value"], _said(one["parameters"]),
             (one.get("error") or "").partition("\n")[0])
            for one in _best_first(study)[:SHOWN]
        ),
        right=("trial", study["metric"]),
    )  # fmt: skip


def deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what it decides on, and a reason."""
    reason = click.option("--reason", default="", help="Why; kept with the proposal.")
    proposal = click.argument("proposal", type=click.IntRange(min=1))
    return click.argument("service")(proposal(reason(pass_session(command))))


@tune.command("accept")
@deciding
def accept(session: Session, service: str, proposal: int, reason: str) -> None:
    """Make the proposed parameters those of SERVICE, and train.

    Example:
      minerva tune accept churn 3 --reason "better in every month"
    """
    decided = _decided(session, service, proposal, "accept", reason)
    if decided is None:
        return
    made = decided["proposal"]
    training = f"; job {decided['job_id']} trains it" if decided.get("job_id") else ""
    screen.say(
        f"Proposal {proposal} of {service} is accepted: revision {made['revision']}{training}."
    )
    screen.remark(f"It is beside the file; to write it there too: minerva services show {service}")


@tune.command("reject")
@deciding
def reject(session: Session, service: str, proposal: int, reason: str) -> None:
    """Leave the parameters of SERVICE as they are.

    Example:
      minerva tune reject churn 3 --reason "too slow"
    """
    if _decided(session, service, proposal, "reject", reason):
        screen.say(f"Proposal {proposal} of {service} is rejected; nothing changes.")


def _decided(
    session: Session, service: str, proposal: int, decision: str, reason: str
) -> Document | None:
    """Decide; None: the answer is shown already, as JSON."""
    with session.client() as client:
        decided = client.decide(service, proposal, decision, reason)
    if not session.json:
        return decided
    screen.show_json(decided)
    return None


def parameters_line(parameters: Document) -> str:
    """Return parameters as a line of a service file."""
    import yaml

    told = yaml.safe_dump(parameters, default_flow_style=True, sort_keys=False, width=10_000)
    return f"parameters: {told.strip()}"


def _versus(best: Any, present: Any) -> str:
    return screen.number(best) + (
        "" if present is None else f" instead of {screen.number(present)}"
    )


def _tell(service: str, job: Document) -> None:
    found = job.get("result") or {}
    screen.say(
        f"{found['trials']} trials of {service}: {found['metric']} "
        f"{_versus(found['best'], found['baseline'])}; {found['pruned']} pruned, "
        f"{found['failed']} failed."
    )
    number = found.get("proposal")
    if number is None:
        screen.say(found["verdict"])
        return
    screen.say(found["verdict"])
    screen.say(f"Proposal {number} changes {_said(found['parameters'])}.")
    screen.say(_next(service, number, found))


def _next(service: str, number: int, found: Document) -> str:
    if found.get("state") == "accepted":
        return f"The gate accepted it: revision {found['revision']} of {service} is being trained."
    return (
        f"Decide: minerva tune accept {service} {number} --reason …, "
        f"or minerva tune reject {service} {number}"
    )


def _list(session: Session, service: str, listed: list[Document]) -> None:
    if session.json:
        screen.show_json({"proposals": listed})
        return
    if not listed:
        screen.say(f"Nothing was proposed for {service} yet: minerva tune {service}")
        return
    screen.show_table(
        ("proposal", "state", "metric", "present", "best", "changes", "decided by", "reason"),
        (
            (one["proposal"], one["state"], one["evidence"].get("metric"),
             one["evidence"].get("baseline"), one["evidence"].get("best"),
             _said(one["parameters"]), one["decided_by"], one["reason"])
            for one in listed
        ),
        right=("present", "best"),
    )  # fmt: skip


def _facts(found: Document) -> list[tuple[str, Any]]:
    evidence = found["evidence"]
    counted = ", ".join(f"{evidence[name]} {name}" for name in ("complete", "pruned", "failed"))
    facts = [
        ("proposal", f"{found['proposal']} of {found['service']}"),
        ("state", found["state"]),
        ("changes", _said(found["parameters"])),
        ("found by", f"{evidence['trials']} trials ({counted}), job {found['job_id']}"),
        (evidence["metric"], _versus(evidence["best"], evidence["baseline"])),
        ("verdict", evidence["verdict"]),
        ("tuned revision", found["configuration_revision"]),
    ]
    if found["state"] != "open":
        facts += [
            ("decided", f"{screen.moment(found['decided_at'])} by {found['decided_by']}"),
            ("reason", found["reason"]),
            ("revision", found["revision"]),
        ]
    return facts


def _best_first(study: Document) -> list[Document]:
    """Return complete trials, the best first, then the others by number."""
    sign = 1 if study["less_is_better"] else -1
    return sorted(
        study["trials"],
        key=lambda one: (one["value"] is None, sign * (one["value"] or 0), one["number"]),
    )


def _said(parameters: Document) -> str:
    return ", ".join(f"{name} {screen.number(value)}" for name, value in parameters.items())
