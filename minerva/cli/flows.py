"""`minerva flows`: pipelines of small steps; how one is made, and where a run spends its time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.records import STDIN, Format, Record, assigned, read_records
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.client import Client

Document = dict[str, Any]
ALGORITHM = "flow"
MOST_ROWS = 20
BAR = 28


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def flows(ctx: click.Context) -> None:
    """List and draw flows, and run one to see what each step does.

    Examples:
      minerva flows
      minerva flows show tourism
      minerva flows show tourism --svg tourism.svg
      minerva flows run tourism --set user=anna --trace
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session))


@flows.command("list")
@pass_session
def list_flows(session: Session) -> None:
    """List the flows: what they answer, and whether they serve."""
    _list(session)


@flows.command("show")
@click.argument("flow")
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Draw it into a file that browsers show.",
)  # fmt: skip
@pass_session
def show_flow(session: Session, flow: str, svg: Path | None) -> None:
    """Draw FLOW: its steps, and what each of them needs."""
    with session.client() as client:
        if svg is not None:
            svg.write_bytes(client.about.flow_drawing(flow))
            screen.remark(f"Written: {svg}")
            return
        told = client.about.flow(flow)
    if session.json:
        screen.show_json(told)
        return
    _draw(told)


@flows.command("run")
@click.argument("flow")
@click.argument("file", required=False)
@click.option(
    "--set", "values", multiple=True, metavar="FIELD=VALUE", help="A record, field by field."
)
@click.option(
    "--format", "form", type=click.Choice(["json", "ndjson", "csv"]),
    help="What FILE holds; else its suffix says it, else JSON.",
)  # fmt: skip
@click.option("--trace", is_flag=True, help="Show where the time went.")
@click.option("--step", "steps", multiple=True, help="Show the rows that this step made.")
@pass_session
def run_flow(
    session: Session,
    flow: str,
    file: str | None,
    values: Sequence[str],
    form: Format | None,
    trace: bool,  # noqa: FBT001 - an option, given by name
    steps: Sequence[str],
) -> None:
    """Run FLOW for the records in FILE (- for standard input), or for --set values.

    Examples:
      minerva flows run tourism --set user=anna --trace
      minerva flows run tourism users.csv --step scene --step profile
    """
    if bool(file) == bool(values):
        raise click.UsageError("Say what to run it for by one of FILE (or -) and --set.")
    with session.client() as client:
        records = _records(client, flow, file or STDIN, values, form)
        told = client.about.run(flow, records, list(steps) if steps or not session.json else None)
    if session.json:
        screen.show_json(told)
    else:
        _show(told, trace=trace)
    if told.get("error"):
        sys.exit(1)


def _records(
    client: Client, flow: str, source: str, values: Sequence[str], form: Format | None
) -> list[Record]:
    schema = client.service(flow)["schema"]
    if values:
        return [assigned(values, schema)]
    return list(read_records(source, form, schema))


def _list(session: Session) -> None:
    with session.client() as client:
        found = [one for one in client.services() if one["algorithm"] == ALGORITHM]
    if session.json:
        screen.show_json({"flows": found})
        return
    if not found:
        screen.say("There are no flows: flows/NAME.yaml declares one, with `algorithm: flow`.")
        return
    screen.show_table(
        ("flow", "version", "answers", "description"),
        (
            (one["service"], one["version"], ", ".join(_outputs(one)), one["description"])
            for one in found
        ),
    )


def _outputs(flow: Document) -> list[str]:
    return [field["name"] for field in flow["schema"]["output"]]


def _draw(flow: Document) -> None:
    screen.say(f"{flow['service']}  asked for: {', '.join(flow['inputs'])}")
    rows = []
    for step in flow["steps"]:
        needs = ", ".join(step["needs"])
        source = ", ".join(filter(None, ["asked" if step["from_flow"] else "", needs]))
        each = f"each of {step['each']}" if step["each"] else "each record"
        notes = [
            "" if step["where"] == "here" else f"at {step['where']}",
            "learns" if step["learns"] else "",
            f"when {step['when']}" if step["when"] else "",
        ]
        made = ", ".join(name for name in step["makes"] if "." not in name)
        does = f"{step['role']}: {step['kind']}"
        rows.append([step["name"], does, source, each, made, ", ".join(filter(None, notes))])
    columns = ["step", "does", "from", "for", "makes", ""]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    screen.show_table(columns, rows)
    screen.say("answers  " + ", ".join(f"{name} = {of}" for name, of in flow["answer"].items()))


def _show(told: Document, *, trace: bool) -> None:
    for name, rows in told["steps"].items():
        screen.say(f"{name}: {len(rows)} {'row' if len(rows) == 1 else 'rows'}")
        if rows:
            screen.show_table(list(rows[0]), ([*row.values()] for row in rows[:MOST_ROWS]))
        if len(rows) > MOST_ROWS:
            screen.remark(f"… and {len(rows) - MOST_ROWS:,} more: --json gives all of them.")
    predictions = told["predictions"]
    if predictions:
        columns = [one for one in predictions[0] if not isinstance(predictions[0][one], dict)]
        screen.show_table(columns, ([row[one] for one in columns] for row in predictions))
    if trace or told.get("error"):
        _trace(told["trace"])
    if told.get("error"):
        screen.remark(f"✗ {told['error']['detail']}")
    screen.remark(f"its path: minerva logs --request-id {told['request_id']}")


def _trace(steps: Sequence[Document]) -> None:
    whole = max((one["began_ms"] + one["ms"] for one in steps), default=0.0) or 1.0
    screen.show_table(
        ("step", "does", "where", "rows", "made", "failed", "tries", "ms", "", "remark"),
        (
            (
                one["step"], one["does"], one["where"], one["rows"], one["made"], one["failed"],
                one["tries"], f"{one['ms']:.1f}", _bar(one, whole), _remark(one),
            )
            for one in steps
        ),
        right=("rows", "made", "failed", "tries", "ms"),
    )  # fmt: skip


def _bar(step: Document, whole: float) -> str:
    """Draw when a step ran, within the whole run."""
    begin = min(BAR - 1, round(BAR * float(step["began_ms"]) / whole))
    length = max(1, round(BAR * float(step["ms"]) / whole))
    return " " * begin + "█" * min(length, BAR - begin)


def _remark(step: Document) -> str:
    said = [
        f"{step['cached']} remembered" if step["cached"] else "",
        f"{step['left_out']} left out" if step["left_out"] else "",
        f"{step['batches']} batches" if step["batches"] > 1 else "",
        "default" if step["defaulted"] else "",
        "failed" if step["error"] and not step["defaulted"] else "",
    ]
    return ", ".join(filter(None, said))
