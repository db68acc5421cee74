"""Writing answers: tables and colour for people, JSON for machines."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH = 200
"""Wide enough that a table in a file or a pipe is not broken."""


def console(*, stderr: bool = False) -> Console:
    """Return where to write; it has no colour where NO_COLOR is set or no terminal listens."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else max(PIPED_WIDTH, shutil.get_terminal_size().columns)
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def show_json(value: Any) -> None:
    """Write one JSON document."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
) -> None:
    """Write a table; cells are texts, rich texts or plain values, None is left empty."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Write names and values below each other."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(_cell(name), _cell(value))
    console().print(table)


def say(text: str) -> None:
    """Write a line for people."""
    click.echo(text)


def remark(text: str) -> None:
    """Write a line beside the answer, so that the answer stays clean for a pipe."""
    click.echo(text, err=True)


def coloured(text: str, style: str) -> Text:
    """Return a text in a colour."""
    from rich.text import Text

    return Text(text, style=style)


STATES = {
    "queued": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "dead": "red",
    "cancelled": "magenta",
}  # fmt: skip


def state(name: str) -> Text:
    """Return a job's state in its colour."""
    return coloured(name, STATES.get(name, ""))


def moment(iso: str | None) -> str:
    """Return an ISO 8601 time without what nobody reads."""
    return "" if not iso else iso[:19].replace("T", " ")


def number(value: Any) -> str:
    """Return a number in at most four significant digits, other values as they are."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"  # noqa: PLR2004 - where %g turns to powers of ten
    return str(value)


def _cell(value: Any) -> Any:
    from rich.text import Text

    if isinstance(value, Text):
        return value
    return Text("" if value is None else number(value))
