"""`minerva new`: write a declaration from what a file holds, or begin an algorithm."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.new_algorithm import algorithm
from minerva.cli.session import Session, pass_session
from minerva.errors import Conflict, Fault, InvalidConfiguration, MinervaError

if TYPE_CHECKING:
    from minerva.layers.abstraction.services.column_guess import Guess
    from minerva.layers.abstraction.services.declaration import DataDeclaration
    from minerva.layers.abstraction.services.inference import Inferred
    from minerva.layers.abstraction.training.source import DataSource
    from minerva.layers.abstraction.validation.finding import Finding
    from minerva.settings import Loaded

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
CHUNK_ROWS = 50_000
FEW_VALUES = 6


@click.group(cls=Group, commands=[algorithm])
def new() -> None:
    """Write a new declaration of a service, or a new algorithm.

    Examples:
      minerva new service churn --from-csv customers.csv --target churned
      minerva new algorithm nearest
    """


@new.command("service")
@click.argument("name")
@click.option(
    "--from-csv", "file", metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The data to learn from.",
)  # fmt: skip
@click.option(
    "--from-sql", "url", metavar="URL", help="Or the database; '${NAME}' names a variable."
)
@click.option("--query", metavar="SELECT", help="Of --from-sql: what gives the rows.")
@click.option("--target", metavar="COLUMN", help="The column to predict; else one is proposed.")
@click.option("--key", metavar="COLUMN", help="The column that identifies a row; else guessed.")
@click.option("--force", is_flag=True, help="Write over a service file that is there.")
@pass_session
def service(
    session: Session,
    name: str,
    file: Path | None,
    url: str | None,
    query: str | None,
    target: str | None,
    key: str | None,
    force: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Guess a schema from a CSV file or a query and write services/NAME.yaml.

    Shows what was guessed and why: target, key, types, algorithm, how rows are held out. Warns of what
    makes models look better than they are. The file is yours: correct it where the guess is wrong.

    Examples:
      minerva new service churn --from-csv customers.csv --target churned
      minerva new service churn --from-sql '${LEGACY_DB_URL}' --query "select * from customers"
      minerva new service price --from-csv houses.csv --target price --key house_id
    """
    from minerva.layers.abstraction.services.authoring import render

    loaded = session.load()
    path = loaded.workspace / "services" / f"{name}.yaml"
    _check(name, path, force=force)
    if file is not None and (url or query):
        raise InvalidConfiguration("Name the data once: --from-csv, or --from-sql with --query.")
    data = _data(file, loaded) if file is not None else _query(url, query)
    inferred = _infer(data, loaded, target, key)
    _write(path, render(name, inferred, data, str(data.path or "a query")))
    findings = _findings(path, loaded)
    if session.json:
        screen.show_json({**_json(path, inferred, data), "findings": list(map(asdict, findings))})
        return
    _show(inferred)
    for one in findings:
        screen.remark(_line(one))
    screen.say(f"\nWrote {_near(path)}: look it over. Then, with `minerva up` running:")
    screen.say(f"  minerva train {name}")


def _check(name: str, path: Path, *, force: bool) -> None:
    if not NAME.fullmatch(name):
        raise InvalidConfiguration(
            f"{name!r} cannot name a service: use small letters, digits, - and _, a letter first."
        )
    if path.exists() and not force:
        raise Conflict(
            f"{_near(path)} is there already: take another name, or --force to write over it."
        )


def _data(file: Path, loaded: Loaded) -> DataDeclaration:
    from minerva.layers.abstraction.formats.sniffing import sniff
    from minerva.layers.abstraction.services.declaration import DataDeclaration

    form = sniff(file)
    whole = file.resolve()
    inside = whole.is_relative_to(loaded.workspace)
    return DataDeclaration(
        source="csv",
        path=str(whole.relative_to(loaded.workspace) if inside else whole),
        delimiter=form.delimiter,
        encoding=form.encoding,
        decimal=form.decimal,
    )


def _query(url: str | None, query: str | None) -> DataDeclaration:
    from minerva.layers.abstraction.services.declaration import DataDeclaration
    from minerva.settings import mask_password

    if url is None:
        raise InvalidConfiguration(
            "Name the data: --from-csv FILE, or --from-sql URL with --query."
        )
    if not query:
        fault = Fault("--query", 'is missing: say which rows, such as "select * from customers"')
        raise InvalidConfiguration("A database gives rows by a query.", faults=[fault])
    if "${" not in url and mask_password(url) != url:
        fault = Fault("--from-sql", "holds a password: set a variable and write '${NAME}'")
        raise InvalidConfiguration("A service file holds no secrets.", faults=[fault])
    return DataDeclaration(source="sql", url=url, query=query)


def _infer(data: DataDeclaration, loaded: Loaded, target: str | None, key: str | None) -> Inferred:
    from minerva.adapters.sources.opening import open_source
    from minerva.layers.abstraction.services.cells import in_cells
    from minerva.layers.abstraction.services.environment import expand
    from minerva.layers.abstraction.services.inference import infer

    here = expand(data, os.environ)
    source = open_source(here, loaded.workspace, loaded.settings.database_timeout_s)
    frames = source.frames(CHUNK_ROWS)
    return infer(in_cells(frames) if data.source == "sql" else frames, target, key, data.decimal)


def _findings(path: Path, loaded: Loaded) -> tuple[Finding, ...]:
    """Read the data once more, as a training would, and return what a person should know of it."""
    from minerva.adapters.sources.opening import open_source
    from minerva.layers.abstraction.plugins.catalogue import discover
    from minerva.layers.abstraction.services.parsing import parse_file
    from minerva.layers.abstraction.validation.examination import DataExamination
    from minerva.layers.abstraction.validation.finding import Finding

    def opened(data: DataDeclaration) -> DataSource:
        return open_source(data, loaded.workspace, loaded.settings.database_timeout_s)

    catalogue = discover(loaded.workspace, loaded.tried_plugins)
    examination = DataExamination(lambda: catalogue, opened, os.environ)
    try:
        return examination.look(parse_file(path, check=lambda _: None)).findings
    except MinervaError as error:  # the file stands, and is to be looked over
        return (Finding("data", str(error), "Correct the file before you train."),)


def _line(finding: Finding) -> str:
    """Return a finding as two lines."""
    return f"! {finding.says}\n  → {finding.todo}"


def _write(path: Path, text: str) -> None:
    """Put the file there whole, and only if it parses: nothing half-written, nothing unusable."""
    from minerva.layers.abstraction.services.parsing import parse_file

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        parse_file(draft, check=lambda _: None)
        draft.replace(path)
    except OSError as error:
        raise InvalidConfiguration(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _show(inferred: Inferred) -> None:
    roles = {"key": "cyan", "target": "green", "left out": "dim"}
    screen.say(f"{inferred.rows:,} rows; algorithm {inferred.algorithm}")
    screen.say(f"  because {inferred.why}")
    if inferred.split is not None:
        screen.say(f"rows held out by {inferred.split.by}: {inferred.split.field}")
        screen.say(f"  because {inferred.split.reason}")
    screen.say("")
    screen.show_table(
        ("column", "role", "type", "because", "look at"),
        (
            (
                guess.name,
                screen.coloured(_role(guess), roles.get(guess.role, "")),
                _type(guess),
                guess.reason,
                screen.coloured("; ".join(guess.notes), "yellow"),
            )
            for guess in inferred.guesses
        ),
    )


def _role(guess: Guess) -> str:
    return "not used" if guess.field is not None and not guess.field.use else guess.role


def _type(guess: Guess) -> str:
    field = guess.field
    if field is None:
        return ""
    shown = ", ".join(map(str, field.values[:FEW_VALUES]))
    values = f" {shown}{', …' if len(field.values) > FEW_VALUES else ''}" if field.values else ""
    return f"{field.type.value}{' or missing' if field.nullable else ''}{values}"


def _json(path: Path, inferred: Inferred, data: DataDeclaration) -> dict[str, Any]:
    import msgspec

    return {
        "file": str(path),
        "rows": inferred.rows,
        "algorithm": inferred.algorithm,
        "why": inferred.why,
        "split": None if inferred.split is None else asdict(inferred.split),
        "data": msgspec.to_builtins(data),
        "schema": inferred.schema.to_json(),
        "columns": [
            {"name": g.name, "role": g.role, "reason": g.reason, "notes": list(g.notes)}
            for g in inferred.guesses
        ],
    }


def _near(path: Path) -> Path:
    """The path as seen from here, where that is shorter."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
