"""Options of commands that read other data than the declared, and the bar while a file is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from minerva.cli import screen
from minerva.cli.session import Session

Function = TypeVar("Function", bound=Callable[..., Any])
FORMATS = ("csv", "ndjson", "parquet")


def data_options(command: Function) -> Function:
    """Add `--from` and what it takes to read what is there."""
    for option in reversed(
        (
            click.option(
                "--from", "named", metavar="PLACE",
                help="Other data, as the sidecar sees it: a file, folder or URL of data_places.",
            ),
            click.option("--format", type=click.Choice(FORMATS), help="If the name does not tell."),
            click.option("--delimiter", metavar="SIGN", help="Of CSV, between cells."),
            click.option("--encoding", metavar="NAME", help="Of CSV, such as cp1252."),
            click.option("--decimal", type=click.Choice((".", ",")), help="Of CSV: the decimal mark."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def named_data(named: str | None, how: Mapping[str, str | None]) -> dict[str, str] | None:
    """Return the member `data` of a call, None for the declared data."""
    given = {name: value for name, value in how.items() if value is not None}
    if named is None:
        if given:
            raise click.UsageError(f"--{next(iter(given))} belongs to --data or --from.")
        return None
    return {"url" if "://" in named else "path": named, **given}


@contextmanager
def sending_bar(session: Session, file: Path) -> Iterator[Callable[[int, int], None]]:
    """Show how much of a file was sent; nothing to machines."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("sending"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = screen.console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=session.json) as bar:
        task = bar.add_task("", total=file.stat().st_size, visible=False)
        yield lambda sent, size: bar.update(task, completed=sent, total=size, visible=True)
