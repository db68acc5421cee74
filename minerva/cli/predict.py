"""`minerva predict`: ask a service for predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.records import STDIN, Format, Record, assigned, read_records
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.client import Client

AT_ONCE = 1000
"""Records per request: small enough for the sidecar's limits, large enough to be fast."""
SHOWN = 50


@click.command(cls=Command)
@click.argument("service")
@click.argument("file", required=False)
@click.option(
    "--set", "values", multiple=True, metavar="FIELD=VALUE", help="A record, field by field."
)
@click.option("--key", "keys", multiple=True, help="Look the record up in the service's own data.")
@click.option(
    "--format", "form", type=click.Choice(["json", "ndjson", "csv"]),
    help="What FILE holds; else its suffix says it, else JSON.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Say how much each field contributed.")
@click.option("--confidence", is_flag=True, help="Say how sure each answer is.")
@click.option(
    "--request-id", metavar="ID", help="Your own id for the call, found again in the log."
)
@pass_session
def predict(
    session: Session,
    /,
    service: str,
    file: str | None,
    values: Sequence[str],
    keys: Sequence[str],
    form: Format | None,
    request_id: str | None,
    **wishes: Any,
) -> None:
    """Predict for the records in FILE (- for standard input), by key, or for --set values.

    FILE holds a JSON object, an array of them, one object per line, or CSV with a header. Columns of a
    CSV that are no inputs are left out.

    Examples:
      minerva predict churn --set tenure=3 --set contract="One year"
      minerva predict churn customers.csv
      minerva predict churn --key 7590-VHVEG --key 5575-GNVDE
      echo '{"tenure": 3, "contract": "One year"}' | minerva predict churn -
    """
    if sum(map(bool, (file, values, keys))) != 1:
        raise click.UsageError("Say what to predict by one of FILE (or -), --set and --key.")
    with session.client() as client:
        answer = (
            client.predict(service, keys=keys, request_id=request_id, **wishes)
            if keys
            else _in_parts(
                client, service, _records(client, service, file or STDIN, values, form),
                request_id=request_id, **wishes,
            )
        )  # fmt: skip
    if session.json:
        screen.show_json(answer)
    else:
        _show(answer)


def _records(
    client: Client, service: str, source: str, values: Sequence[str], form: Format | None
) -> Iterator[Record]:
    schema = client.service(service)["schema"]
    if values:
        return iter([assigned(values, schema)])
    return read_records(source, form, schema)


def _in_parts(
    client: Client,
    service: str,
    records: Iterator[Record],
    **how: Any,
) -> dict[str, Any]:
    """Ask in requests of bounded size and join the answers."""
    joined: dict[str, Any] = {}
    done = 0
    while part := list(islice(records, AT_ONCE)):
        answer = _asked(client, service, part, done, **how)
        if joined:
            joined["predictions"].extend(answer["predictions"])
            joined["degraded"] = joined["degraded"] or answer["degraded"]
            if joined["version"] != answer["version"]:
                screen.remark(f"From record {done + 1} on, version {answer['version']} answered.")
        joined = joined or answer
        done += len(part)
    if not joined:
        raise click.UsageError("There are no records to predict.")
    return joined


def _asked(
    client: Client, service: str, part: list[Record], done: int, **how: Any
) -> dict[str, Any]:
    from minerva.errors import Fault, InvalidInput

    try:
        return client.predict(service, part, **how)
    except InvalidInput as error:
        faults = [Fault(_counted(fault.where, done), fault.message) for fault in error.faults]
        raise InvalidInput(error.message, faults=faults) from error


def _counted(where: str, done: int) -> str:
    """Turn `/records/0/tenure` of a part into its place among all records."""
    steps = where.split("/")
    if len(steps) > 2 and steps[1] == "records" and steps[2].isdigit():  # noqa: PLR2004 - /records/<row>
        steps[2] = str(int(steps[2]) + done)
    return "/".join(steps)


def _show(answer: dict[str, Any]) -> None:
    predictions = answer["predictions"]
    rows = [_flat(one) for one in predictions[:SHOWN]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    numbers = [name for name in columns if any(isinstance(row.get(name), float) for row in rows)]
    screen.show_table(columns, ([row.get(name) for name in columns] for row in rows), right=numbers)
    if len(predictions) > SHOWN:
        screen.remark(f"… and {len(predictions) - SHOWN:,} more: --json gives all of them.")
    for one in predictions[:SHOWN]:
        _explain(one.get("explanation"))
    if answer.get("degraded"):
        screen.remark("Degraded: the declared default, as no model could answer. minerva services")
    screen.remark(
        f"version {answer['version']} of {answer['service']}; its path: "
        f"minerva logs --request-id {answer['request_id']}"
    )


def _flat(prediction: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in prediction.items():
        if name == "explanation":
            continue
        if name.endswith("_interval") and isinstance(value, dict):
            row[name] = f"{value['low']:.4g} to {value['high']:.4g}"
        elif isinstance(value, dict):
            output = name.removesuffix("_probabilities")
            row.update({f"P({output}={label})": chance for label, chance in value.items()})
        else:
            row[name] = value
    return row


def _explain(contributions: dict[str, float] | None) -> None:
    if contributions:
        ordered = sorted(contributions.items(), key=lambda pair: -abs(pair[1]))
        screen.say("\nwhat spoke for it (+) and against it (-):")
        screen.show_pairs((name, f"{value:+.3f}") for name, value in ordered[:10])
