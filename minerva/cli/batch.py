"""`minerva batch`: score a file, folder, table or query into a file or table, and watch."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.cli.watching import see_through, waiting_options

FORMATS = ("csv", "parquet", "ndjson")
FACTS = ("version", "scored", "rejects", "parts")


@click.command(cls=Command)
@click.argument("service")
@click.argument("input", required=False)
@click.option("--to", "output", metavar="FILE", help="Where to write; the suffix says the format.")
@click.option(
    "--table", metavar="NAME", help="Write into a table of the declared database, by key."
)
@click.option(
    "--query", metavar="SELECT", help="Score the rows of a query on the declared database."
)
@click.option("--overwrite", is_flag=True, help="Replace an output that exists.")
@click.option("--version", type=int, metavar="N", help="Score by this version, not the champion.")
@click.option("--alias", metavar="ALIAS", help="Score by the version of this alias.")
@click.option("--max-rejects", metavar="N|N%", help="Fail if more rows do not fit the schema.")
@click.option("--parts", type=click.IntRange(1, 256), help="Share it between so many workers.")
@click.option("--input-format", type=click.Choice(FORMATS), help="If the suffix does not say it.")
@click.option("--output-format", type=click.Choice(FORMATS), help="If the suffix does not say it.")
@click.option("--delimiter", metavar="SIGN", help="Of a CSV file; found by looking if not said.")
@click.option("--encoding", metavar="NAME", help="Of a CSV file; found by looking if not said.")
@click.option("--decimal", type=click.Choice([".", ","]), help="Decimal sign of a CSV file.")
@click.option("--callback-url", metavar="URL", help="Is told when the job has ended.")
@waiting_options
@pass_session
def batch(session: Session, /, service: str, no_wait: bool, **asked: Any) -> None:  # noqa: FBT001 - click passes flags so
    """Score INPUT by SERVICE into a file or table, and watch.

    INPUT is a file, folder or URL in a place that the setting data_places allows, usually the folder
    `data`; without one, what the service declares under `data` is scored. Ctrl-C stops watching; the
    job goes on.

    Examples:
      minerva batch churn data/people.csv --to data/scores.parquet
      minerva batch churn data/june --input-format csv --to data/june.ndjson --max-rejects 1%
      minerva batch churn --query "select * from people where active" --table scores
    """
    if (asked["output"] is None) == (asked["table"] is None):
        raise click.UsageError("Say where to write by one of --to and --table.")
    key = asked.pop("idempotency_key")
    ceiling = asked.pop("max_rejects")
    most = int(ceiling) if ceiling is not None and ceiling.isdecimal() else ceiling
    with session.client() as client:
        job = client.batch(service, key, max_rejects=most, **asked)
        see_through(session, client, job, _tell, no_wait=no_wait)


def _tell(job: dict[str, Any]) -> None:
    result = job.get("result") or {}
    screen.say(f"{result.get('scored', 0):,} rows are scored into {result.get('output')}.")
    screen.show_pairs((name, result[name]) for name in FACTS if name in result)
    if result.get("rejects"):
        screen.remark(
            f"{result['rejects']:,} of {result['rows']:,} rows do not fit the schema; why: "
            f"{result.get('rejects_file')}"
        )
