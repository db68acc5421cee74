"""`minerva performance`: live metrics by version and window, beside those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

Report = Mapping[str, Any]
WINDOW = click.Choice(["hour", "day", "week"])
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@click.command(cls=Command)
@click.argument("service")
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), default=30, show_default=True,
    help="How far to look back.",
)  # fmt: skip
@click.option("--window", type=WINDOW, default="day", show_default=True, help="In which steps.")
@pass_session
def performance(session: Session, service: str, days: float, window: str) -> None:
    """Show how good SERVICE is in use, by the truths that `minerva feedback` told.

    Beside each live metric stands that of the training; champion, challenger and shadow each have
    their own, and are compared on the same rows.

    Examples:
      minerva performance churn
      minerva performance churn --days 90 --window week
    """
    with session.client() as client:
        report = client.performance(service, days=days, window=window)
    if session.json:
        screen.show_json({"performance": report})
        return
    screen.say(_summary(report))
    for version in report["versions"]:
        _show(version)
    if not report["truths"] and not any(one["metrics"] for one in report["versions"]):
        screen.remark(f"No truth is known yet. Tell how it turned out: minerva feedback {service}")


def _summary(report: Report) -> str:
    more = "the newest " if report["answers_limited"] else ""
    said = (
        f"{report['service']}: {more}{report['answers']:,} recorded answers since "
        f"{screen.moment(report['since'])} UTC, {report['truths']:,} truths"
    )
    if report["truths_waiting"]:
        said += f", {report['truths_waiting']:,} more without a recorded prediction"
    if report["defaults"]:
        said += f"; {report['defaults']:,} answers were the default"
    return f"{said}."


def _show(version: Report) -> None:
    roles = ", ".join(version["roles"]) or "no alias"
    screen.say(f"\nversion {version['version']} ({roles})")
    screen.show_pairs(_facts(version))
    metrics = version["metrics"]
    if metrics:
        screen.show_table(
            ("metric", "live", "training"),
            ((name, value, version["held_out"].get(name)) for name, value in metrics.items()),
            right=("live", "training"),
        )
        main = version["metric"]
        screen.show_table(
            ("from (UTC)", "answers", "truths", main),
            (
                (screen.moment(one["since"])[:16], one["answers"], one["truths"],
                 one["metrics"].get(main))
                for one in version["windows"]
            ),
            right=("answers", "truths", main),
        )  # fmt: skip


def _facts(version: Report) -> list[tuple[str, Any]]:
    answers = f"{version['answers']:,}"
    if version["shadow_answers"]:
        answers += f", and {version['shadow_answers']:,} that nobody was given"
    facts = [("answers", answers)]
    if version["latency_ms"]:
        latency = version["latency_ms"]
        facts.append(("latency", f"{latency['p50']:.4g} ms, 95 % within {latency['p95']:.4g} ms"))
    facts.append(("truths", f"{version['truths']:,}"))
    if version["truth_delay_s"]:
        delay = version["truth_delay_s"]
        median, p90 = duration(delay["median"]), duration(delay["p90"])
        facts.append(("truths came", f"after {median} (median), 90 % within {p90}"))
    facts.append(("verdict", version["verdict"]))
    if version["baseline"] and version["metric"] in version["baseline"]["metrics"]:
        beaten, metric = version["baseline"], version["metric"]
        facts.append(("must beat", f"{beaten['answer']}: {metric} {beaten['metrics'][metric]:.4f}"))
    if version["same_rows"]:
        facts.append(("same rows", _same_rows(version)))
    return facts


def _same_rows(version: Report) -> str:
    both, metric = version["same_rows"], version["metric"]
    rows = f"{both['rows']:,} that the champion answered too"
    if metric not in both["metrics"] or metric not in both["champion"]:
        return rows
    ours, theirs = both["metrics"][metric], both["champion"][metric]
    return f"{rows}: {metric} {ours:.4f}, the champion {theirs:.4f}"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    for size, unit in ((DAY_S, "days"), (HOUR_S, "hours"), (MINUTE_S, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
