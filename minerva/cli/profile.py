"""`minerva profile`: what a service's data looks like."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.data_options import data_options, named_data
from minerva.cli.session import Session, pass_session
from minerva.cli.watching import see_through


@click.command(cls=Command)
@click.argument("service")
@data_options
@pass_session
def profile(session: Session, /, service: str, named: str | None, **how: str | None) -> None:
    """Look at SERVICE's data: what is missing, how values are spread, which rows do not fit.

    Fields marked as pii are counted, and nothing of what they hold is told.

    Examples:
      minerva profile churn
      minerva profile churn --from data/june.csv --json
    """
    data = named_data(named, how)
    with session.client() as client:
        job = client.start_job(service, "profile", {"data": data} if data else {})
        see_through(session, client, job, partial(_show, service))


def _show(service: str, job: dict[str, Any]) -> None:
    report = job["result"]
    screen.say(f"{service}: {report['rows']} rows, {report['unfit_rows']} of them do not fit")
    columns = ("field", "type", "missing", "distinct", "values")
    rows = [[_cell(column, field) for column in columns] for field in report["fields"]]
    screen.show_table(columns, rows)
    if report["unfit"]:
        unfit = [
            [one["column"], one["reason"], str(one["rows"]), str(one["first_row"])]
            for one in report["unfit"]
        ]
        screen.show_table(("column", "does not fit because it", "rows", "first"), unfit)


def _cell(column: str, field: dict[str, Any]) -> str:
    match column:
        case "field":
            return str(field["name"])
        case "distinct":
            return f"{field.get('distinct', '')}{'+' if field.get('distinct_more') else ''}"
        case "values":
            return _values(field)
        case _:
            return str(field.get(column, ""))


def _values(field: dict[str, Any]) -> str:
    if field.get("absent"):
        return "not in the data"
    if field.get("pii"):
        return "personal: not told"
    if "frequent" in field:
        return ", ".join(f"{one['value']} {one['rows']}" for one in field["frequent"][:4])
    if "quantiles" in field:
        middle = field["quantiles"]["0.5"]
        return f"{_short(field['min'])} … {_short(middle)} … {_short(field['max'])}"
    if "longest" in field:
        return f"{field['shortest']} to {field['longest']} characters"
    return ""


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
