"""`minerva card`, `minerva lineage`: what a version is, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session

Document = dict[str, Any]
MOST_FIELDS = 8
VERSION = click.argument("version", type=click.IntRange(min=1), required=False)


@click.command(cls=Command)
@click.argument("service")
@VERSION
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as a page that needs nothing else.",
)
@pass_session
def card(session: Session, service: str, version: int | None, html: Path | None) -> None:
    """Tell what a version is: data, quality, limits, who let it serve. The champion unless told.

    Examples:
      minerva card churn
      minerva card churn 3 --html card.html
      minerva card churn --json
    """
    with session.client() as client:
        if html is not None:
            html.write_bytes(client.about.card_page(service, version))
            screen.remark(f"Written: {html}")
            return
        told = client.about.card(service, version)
    if session.json:
        screen.show_json(told)
    else:
        _show(told)


@click.command(cls=Command)
@click.argument("service")
@VERSION
@pass_session
def lineage(session: Session, service: str, version: int | None) -> None:
    """Tell where the versions of SERVICE came from, and who let which of them serve when.

    Examples:
      minerva lineage churn
      minerva lineage churn 3 --json
    """
    with session.client() as client:
        graph = client.about.lineage(service, version)
    if session.json:
        screen.show_json(graph)
        return
    versions = [node for node in graph["nodes"] if node["kind"] == "version"]
    if not versions:
        screen.say(f"{service} has no version yet: minerva train {service}")
    for node in versions:
        screen.say("\n".join(_told(graph, node)))


def _show(told: Document) -> None:
    serves = ", ".join(told["serves"]) or "nobody"
    data = told.get("data") or {}
    pairs: list[tuple[str, Any]] = [
        ("purpose", told["purpose"] or "not described"),
        ("algorithm", told["algorithm"]),
        ("made (UTC)", screen.moment(told["made_at"])),
        ("serves as", serves),
        ("rows", f"{data.get('rows', 0):,}, {data.get('held_out_rows', 0):,} held out"),
    ]
    pairs += [(one["name"], _measured(one)) for one in told["metrics"]]
    baseline = told.get("baseline")
    if baseline:
        verdict = "better than" if baseline["beaten"] else "no better than"
        pairs.append(("worth", f"{verdict} {baseline['answer']}"))
    pairs += [("goes by", needed)] if (needed := _needed(told)) else []
    screen.say(f"{told['service']}, version {told['version']}")
    screen.show_pairs(pairs)
    for limit in told["limits"]:
        screen.remark(f"Limit: {limit}")
    for one in told["decisions"]:
        screen.say(_decision(one))


def _measured(metric: Document) -> str:
    value = screen.number(metric["value"])
    if not metric["interval"]:
        return value
    low, high = map(screen.number, metric["interval"])
    return f"{value}  (95 %: {low} to {high})"


def _needed(told: Document) -> str:
    appraisal = told.get("appraisal") or {}
    named = [one["field"] for one in appraisal.get("importance", ()) if one["worse_by"] > 0]
    return ", ".join(named[:MOST_FIELDS])


def _decision(one: Document) -> str:
    other = one["other"]
    if one["became"]:
        moved = f"became {one['alias']}" + (f" in place of {other}" if other else "")
    else:
        moved = f"was {one['alias']} no more" + (f": {other} is" if other else "")
    reason = f": {one['reason']}" if one["reason"] else ""
    return f"{screen.moment(one['at'])}  {moved}, by {one['author']}{reason}"


def _told(graph: Document, version: Document) -> list[str]:
    """Return a version's lines: what leads to it, then what it became."""
    names = {node["id"]: node for node in graph["nodes"]}
    lines = [f"version {version['name']}  {version['digest'][:12]}"]
    for edge in graph["edges"]:
        begin, end = names[edge["from"]], names[edge["to"]]
        if end is version:
            lines.append(f"  {edge['as']:<12} {begin['kind']} {begin['name']}{_of(graph, begin)}")
    for edge in graph["edges"]:
        if names[edge["from"]] is version and edge["as"] == "answered":
            told = names[edge["to"]]
            since, until = screen.moment(told["since"]), screen.moment(told["until"])
            lines.append(
                f"  answered     recorded predictions: {told['count']:,}, {since} to {until}"
            )
        elif names[edge["from"]] is version:
            alias = names[edge["to"]]["name"]
            when = screen.moment(edge["at"])
            lines.append(f"  became       {alias} at {when}, by {edge['author']}")
    return lines


def _of(graph: Document, node: Document) -> str:
    """Say where data was read from."""
    sources = [edge["from"] for edge in graph["edges"] if edge["to"] == node["id"]]
    names = [one.partition(":")[2] for one in sources]
    return f", {node['rows']:,} rows of {', '.join(names)}" if names else ""
