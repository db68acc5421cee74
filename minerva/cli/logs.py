"""`minerva logs`: the one shared log of legacy app, sidecar, workers and jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from rich.text import Text

LEVELS = ("debug", "info", "warning", "error")
TURN_S = 0.2
"""Between two looks at the files, which several machines may write to."""
COLOURS = {
    "legacy": "yellow", "web": "cyan", "worker": "green", "job": "bright_green",
    "beat": "blue", "up": "magenta", "cli": "white",
}  # fmt: skip
LEVEL_COLOURS = {"debug": "dim", "warning": "yellow", "error": "bold red", "critical": "bold red"}
OWN_COLUMNS = ("timestamp", "level", "event", "component", "layer")
LONG = frozenset({"exception", "stack"})
"""Members that go below the line, as they have lines of their own."""

Event = dict[str, Any]


@click.command(cls=Command)
@click.option("--request-id", metavar="ID", help="All that belongs to one request, jobs included.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on.")
@click.option("--service", metavar="NAME", help="Only events about one service.")
@click.option("--level", type=click.Choice(LEVELS), help="Only this level and above.")
@click.option("--lines", "-n", type=click.IntRange(0, 10_000), default=50, show_default=True)
@pass_session
def logs(
    session: Session,
    request_id: str | None,
    follow: bool,  # noqa: FBT001 - click passes flags so
    service: str | None,
    level: str | None,
    lines: int,
) -> None:
    """Show the shared log, newest last, each component in its colour.

    Examples:
      minerva logs
      minerva logs --request-id 4f2a…       one prediction through stub, sidecar and worker
      minerva logs --follow --level warning
      minerva logs --service churn --json   raw lines
    """
    from minerva.layers.core.telemetry import log_reader

    folder = log_folder(session)
    wanted = _filter(request_id, service, level)
    write = _raw if session.json else _pretty()
    tail = Tail(folder) if follow else None
    if request_id is not None:
        kept = _filter(None, service, level)
        found = [one for one in log_reader.follow(folder, request_id) if kept(one)]
    else:
        found = log_reader.latest(folder, lines, wanted)
    for event in found:
        write(event)
    if tail is not None:
        _go_on(tail, wanted, write)
    elif not found:
        screen.remark(f"Nothing of that kind is in {folder}.")


class Tail:
    """What is appended to a folder's log files from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[tuple[int, int], int] = {}
        self._places.update((identity, size) for _, identity, size in self._files())

    def read(self) -> Iterator[Event]:
        """Yield the events of whole lines that came since the last call."""
        for path, identity, size in self._files():
            start = self._places.get(identity, 0)
            if size > start:
                yield from self._read(path, identity, start)

    def _read(self, path: Path, identity: tuple[int, int], start: int) -> Iterator[Event]:
        import msgspec

        with path.open("rb") as file:
            file.seek(start)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._places[identity] = start + len(whole) + len(newline)
        for line in whole.splitlines():
            try:
                event = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # a process may have died while writing
            if isinstance(event, dict):
                yield event

    def _files(self) -> Iterator[tuple[Path, tuple[int, int], int]]:
        from minerva.layers.core.telemetry.log_reader import log_files

        for path in log_files(self._folder):
            try:
                status = path.stat()
            except FileNotFoundError:  # rotated away between listing and here
                continue
            yield path, (status.st_dev, status.st_ino), status.st_size


def log_folder(session: Session) -> Path:
    """Return where the shared log is. Raises InvalidConfiguration if nowhere."""
    folder = session.load().log_folder
    if folder is None:
        raise InvalidConfiguration(
            "There is no log folder: log_folder is '-', so every process logs to its standard output."
        )
    return folder


def _go_on(tail: Tail, wanted: Callable[[Event], bool], write: Callable[[Event], None]) -> None:
    try:
        while True:
            new = sorted(tail.read(), key=lambda event: str(event.get("timestamp", "")))
            for event in new:
                if wanted(event):
                    write(event)
            time.sleep(TURN_S)
    except KeyboardInterrupt:
        return


def _filter(
    request_id: str | None, service: str | None, level: str | None
) -> Callable[[Event], bool]:
    def wanted(event: Event) -> bool:
        return (
            (request_id is None or request_id == event.get("request_id"))
            and (service is None or service == event.get("service"))
            and _at_least(event, level)
        )

    return wanted


def _at_least(event: Event, level: str | None) -> bool:
    if level is None:
        return True
    known = {name: rank for rank, name in enumerate((*LEVELS, "critical"))}
    return known.get(str(event.get("level")), 1) >= known[level]


def _raw(event: Event) -> None:
    import msgspec

    click.echo(msgspec.json.encode(event).decode())


def _pretty() -> Callable[[Event], None]:
    console = screen.console()

    def write(event: Event) -> None:
        console.print(_line(event), soft_wrap=True)

    return write


def _line(event: Event) -> Text:
    from rich.text import Text

    component = str(event.get("component", "?"))
    level = str(event.get("level", ""))
    line = Text(f"{str(event.get('timestamp', ''))[11:23]:12}  ", style="dim")
    line.append(f"{component:7}", style=COLOURS.get(component, "white"))
    line.append(f"{level:8}", style=LEVEL_COLOURS.get(level, "dim"))
    line.append(f"{event.get('event', '')!s:24}", style="bold")
    for name, value in event.items():
        if name in OWN_COLUMNS or name in LONG or value is None:
            continue
        line.append(f"  {name}=", style="dim")
        line.append(_short(value))
    for name in LONG & event.keys():
        line.append(_below(event[name]), style="red")
    return line


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(str(value).split())


def _below(failure: Any) -> str:
    """An exception as `telemetry.failures` describes it, or any longer text, on lines of its own."""
    if not isinstance(failure, dict):
        return "".join(f"\n    {line}" for line in str(failure).splitlines())
    lines = [f"{failure.get('type')}: {failure.get('message')}", *failure.get("frames", [])]
    below = "".join(f"\n    {line}" for line in lines)
    return below + "".join(_below(cause) for cause in failure.get("caused_by", []))
