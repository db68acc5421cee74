"""`minerva feedback`: tell how predictions turned out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.described import fields
from minerva.cli.records import STDIN, Cells, Format, read_records
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.client import Client

Item = dict[str, Any]
AT_ONCE = 1000
"""Truths per request."""
SHOWN = 20
COUNTS = ("received", "joined", "changed", "unchanged")
KEY, TRUTH = "key", "truth"
TEXT_COLUMNS = ("request_id", "at", KEY)


@click.command(cls=Command)
@click.argument("service")
@click.argument("file", required=False)
@click.option("--request-id", metavar="ID", help="The request that was answered.")
@click.option("--row", type=click.IntRange(min=0), help="Its row, from 0.")
@click.option("--key", metavar="KEY", help="The record's key: its newest prediction is meant.")
@click.option("--at", metavar="TIME", help="When it turned out; else now.")
@click.option("--truth", metavar="VALUE", help="How it turned out.")
@click.option(
    "--format", "form", type=click.Choice(["json", "ndjson", "csv"]),
    help="What FILE holds; else its suffix says it, else JSON.",
)  # fmt: skip
@pass_session
def feedback(
    session: Session,
    /,
    service: str,
    file: str | None,
    truth: str | None,
    form: Format | None,
    **said: str | int | None,
) -> None:
    """Tell how predictions of SERVICE turned out: from FILE, or by --truth.

    - is standard input.

    FILE has the columns or members request_id and row, or the key (under its own name, or "key"),
    with "at" if it is known, and the truth (under the output's name, or "truth"). Of a bandit that
    is the reward; action and propensity may stand beside it. The same again changes nothing. A truth
    without a recorded prediction is named, and kept.

    Examples:
      minerva feedback churn outcomes.csv
      minerva feedback churn --key 7590-VHVEG --truth Yes
      minerva feedback churn --request-id 4f2a9c --row 2 --truth No
    """
    named = {name: value for name, value in said.items() if value is not None}
    if (file is None) == (truth is None) or (file is not None and named):
        raise click.UsageError("Say how it turned out by FILE (or -), or by --truth.")
    if truth is not None and not named.keys() & {"request_id", KEY}:
        raise click.UsageError("Say of what: --request-id (and --row), or --key.")
    with session.client() as client:
        schema = _columns(client.service(service))
        if file is None:
            told = _send(client, service, iter([_single(schema, named, truth or "")]), "--truth")
        else:
            read = read_records(STDIN if file == STDIN else file, form, schema)
            told = _send(client, service, _items(read, schema), Path(file).name)
    if session.json:
        screen.show_json({"feedback": told})
    else:
        _show(service, told)


def _columns(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file of truths may hold, described as a service's schema is."""
    schema = described["schema"]
    told = [*fields(described, "truth").values()] or [*fields(schema, "output").values()][:1]
    text = [{"name": name, "type": "text"} for name in TEXT_COLUMNS]
    own = schema.get(KEY) or KEY
    return {
        KEY: own,
        "truth": [one["name"] for one in told],
        "inputs": [
            *(one for one in text if one["name"] != own),
            {"name": "row", "type": "integer"},
            {**told[0], "name": TRUTH},
            *told,
        ],
    }


def _items(records: Iterator[Item], schema: Mapping[str, Any]) -> Iterator[Item]:
    """Turn what was read into truths: the key and the output may stand under their own names."""
    for record in records:
        item = {name: value for name, value in record.items() if value not in ("", None)}
        if schema[KEY] in item:
            item.setdefault(KEY, item.pop(schema[KEY]))
        first, *more = schema["truth"]
        if first in item:
            item.setdefault(TRUTH, item.pop(first))
        beside = {name: item.pop(name) for name in more if name in item}
        if beside:
            item[TRUTH] = {first: item.get(TRUTH), **beside}
        yield item


def _single(schema: Mapping[str, Any], named: Mapping[str, Any], truth: str) -> Item:
    read = Cells(schema).record({TRUTH: truth}, "--truth")
    return {**named, **read}


def _send(client: Client, service: str, items: Iterator[Item], source: str) -> dict[str, Any]:
    """Tell in requests of bounded size; return what became of all."""
    whole: dict[str, Any] = {**dict.fromkeys(COUNTS, 0), "unmatched": []}
    while part := list(islice(items, AT_ONCE)):
        done = whole["received"]
        told = _told(client, service, part, done, source)
        for name in COUNTS:
            whole[name] += told[name]
        for one in told["unmatched"]:
            whole["unmatched"].append({**one, "where": _place(one["where"], done, source)})
    if not whole["received"]:
        raise click.UsageError("There is no feedback to give.")
    return whole


def _told(client: Client, service: str, part: list[Item], done: int, source: str) -> dict[str, Any]:
    from minerva.errors import Fault, InvalidInput

    try:
        return client.feedback(service, part)
    except InvalidInput as error:
        faults = [Fault(_place(one.where, done, source), one.message) for one in error.faults]
        earlier = f" The {done:,} before were taken." if done else ""
        raise InvalidInput(error.message + earlier, faults=faults) from error


def _place(where: str, done: int, source: str) -> str:
    """Turn `/feedback/0/truth` of a part into its place among all that was read."""
    steps = where.strip("/").split("/")
    if steps[0] != "feedback" or len(steps) < 2 or not steps[1].isdigit():  # noqa: PLR2004 - /feedback/<position>
        return where
    if source.startswith("--"):
        return source
    return " ".join([f"{source}, record {int(steps[1]) + done + 1}", *steps[2:]])


def _show(service: str, told: Mapping[str, Any]) -> None:
    joined = told["joined"] + told["changed"]
    screen.say(
        f"{told['received']:,} told: {joined:,} joined to predictions of {service}"
        + (f" ({told['changed']:,} of them changed)" if told["changed"] else "")
        + (f", {told['unchanged']:,} known already" if told["unchanged"] else "")
        + "."
    )
    unmatched = told["unmatched"]
    for one in unmatched[:SHOWN]:
        named = " ".join(
            f"{name} {one[name]}" for name in ("request_id", "row", KEY) if name in one
        )
        screen.remark(f"{one['where']}: {named}: {one['message']}")
    if len(unmatched) > SHOWN:
        screen.remark(f"… and {len(unmatched) - SHOWN:,} more: --json names all of them.")
    if joined:
        screen.remark(f"How good it is: minerva performance {service}")
