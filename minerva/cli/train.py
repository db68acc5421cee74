"""`minerva train`: start a training and watch it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.data_options import data_options, named_data, sending_bar
from minerva.cli.session import Session, pass_session
from minerva.cli.watching import see_through, waiting_options

FACTS = ("rows", "held_out_rows", "training_seconds")


@click.command(cls=Command)
@click.argument("service")
@waiting_options
@click.option("--callback-url", metavar="URL", help="Is told when the training has ended.")
@data_options
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Train on this file of yours, which is sent.",
)
@click.option(
    "--with-services", is_flag=True, help="Of a flow: train the services that it asks first."
)
@pass_session
def train(
    session: Session,
    /,
    service: str,
    no_wait: bool,  # noqa: FBT001 - click passes flags so
    idempotency_key: str | None,
    callback_url: str | None,
    data: Path | None,
    named: str | None,
    with_services: bool,  # noqa: FBT001 - click passes flags so
    **how: str | None,
) -> None:
    """Train a new version of SERVICE from its declared data, or from other, and watch.

    Ctrl-C stops watching; the job goes on.

    Examples:
      minerva train churn
      minerva train churn --data june.csv
      minerva train churn --from data/june --format parquet
      minerva train order-return --with-services
      minerva train churn --no-wait --idempotency-key nightly-2026-01-31
      minerva train churn --no-wait --callback-url https://hooks.example.com/minerva
    """
    if data is not None and named is not None:
        raise click.UsageError("--data sends a file, --from names one: take one of them.")
    if data is not None and with_services:
        raise click.UsageError("--with-services goes with declared data, or with --from.")
    with session.client() as client:
        if data is None:
            other = named_data(named, how)
            job = client.train(
                service,
                idempotency_key,
                data=other,
                callback_url=callback_url,
                with_services=with_services,
            )
        else:
            given = {name: value for name, value in how.items() if value is not None}
            with sending_bar(session, data) as told:
                job = client.train_on(
                    service, data, idempotency_key, how=given, callback_url=callback_url, told=told
                )
        see_through(session, client, job, partial(_tell, service), no_wait=no_wait)


def _tell(service: str, job: dict[str, Any]) -> None:
    result = job.get("result") or {}
    for name, one in (result.get("services") or {}).items():
        screen.say(f"Version {one['version']} of {name} is trained. {_fate(one)}")
    screen.say(f"Version {result.get('version', '?')} of {service} is trained. {_fate(result)}")
    rows: list[tuple[str, Any]] = list((result.get("metrics") or {}).items())
    rows += [(name.replace("_", " "), result[name]) for name in FACTS if name in result]
    screen.show_pairs(rows)
    if result.get("worth"):
        screen.say(result["worth"])
    for warning in result.get("warnings") or []:
        screen.remark(f"Careful: {warning}")


def _fate(result: dict[str, Any]) -> str:
    if result.get("promoted"):
        return "It is champion now."
    return f"It does not serve: {result.get('verdict', 'it was not promoted.')}"
