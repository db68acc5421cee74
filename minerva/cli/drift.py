"""`minerva drift`: what is asked and answered beside what it was in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.performance import WINDOW
from minerva.cli.session import Session, pass_session

Report = Mapping[str, Any]
STYLES = {"drifted": "red", "steady": "green", "too few rows": "yellow"}
SHOWN = 30


@click.command(cls=Command)
@click.argument("service")
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), default=7, show_default=True,
    help="How far to look back.",
)  # fmt: skip
@click.option("--window", type=WINDOW, default="day", show_default=True, help="In which steps.")
@pass_session
def drift(session: Session, service: str, days: float, window: str) -> None:
    """Show how far what SERVICE is asked, and answers, is from the training of its champion.

    The newest window with enough rows is shown field by field, those before it in a line each.

    Examples:
      minerva drift churn
      minerva drift churn --days 30 --window week
    """
    with session.client() as client:
        report = client.drift(service, days=days, window=window)
    if session.json:
        screen.show_json({"drift": report})
        return
    if report["problem"]:
        screen.remark(report["problem"])
    if report["windows"]:
        _show(report)


def _show(report: Report) -> None:
    windows = report["windows"]
    enough = [one for one in windows if one["rows"] >= report["least_rows"]]
    if enough:
        _show_window(report, enough[-1])
    else:
        screen.say(
            f"Too few rows: no {report['window']} of the last has {report['least_rows']}, which it takes "
            "to tell a drift from chance."
        )
    screen.say("")
    screen.show_table(
        ("from (UTC)", "rows", "verdict"),
        (
            (screen.moment(one["since"])[:16], _rows(one), _coloured(one["verdict"]))
            for one in windows
        ),
        right=("rows",),
    )


def _show_window(report: Report, window: Report) -> None:
    screen.say(
        f"{_rows(window)} rows of {report['service']} from {screen.moment(window['since'])[:16]} to "
        f"{screen.moment(window['until'])[:16]} UTC beside the {report['trained_rows']:,} rows that "
        f"version {report['version']} was trained on: {window['verdict']}."
    )
    fields = [("input", one) for one in window["inputs"]]
    fields += [("output", one) for one in window["outputs"]]
    fields.sort(key=lambda pair: -pair[1]["psi"])
    screen.show_table(
        ("field", "", "PSI", "test", "by chance", "missing", "in training", "unseen", "verdict"),
        (
            (one["name"], part, f"{one['psi']:.3f}", f"{one['test']} {one['statistic']:.3g}",
             _chance(one["p"]), f"{one['missing']:.1%}", f"{one['missing_trained']:.1%}",
             f"{one['unseen']:.1%}", _coloured(one["verdict"]))
            for part, one in fields[:SHOWN]
        ),
        right=("PSI", "by chance", "missing", "in training", "unseen"),
    )  # fmt: skip
    if len(fields) > SHOWN:
        screen.remark(f"… and {len(fields) - SHOWN:,} more, nearer to the training: --json")


def _rows(window: Report) -> str:
    return f"{window['rows']:,}" + ("+" if window["limited"] else "")


def _chance(p: float) -> str:
    return "yes" if p >= 1 else f"{p:.2g}"


def _coloured(verdict: str) -> Any:
    return screen.coloured(verdict, STYLES.get(verdict.partition(":")[0], ""))
