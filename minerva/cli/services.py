"""`minerva services`: what is served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.described import Described, fields, share_of
from minerva.cli.services_diff import diff
from minerva.cli.services_history import history, rollback
from minerva.cli.services_sharing import export, import_, uses
from minerva.cli.session import Session, pass_session

Document = dict[str, Any]


@click.group(
    cls=Group,
    invoke_without_command=True,
    commands=[diff, history, rollback, export, import_, uses],
)
@click.pass_context
def services(ctx: click.Context) -> None:
    """List, show, compare and share the services; see who changed one, and go back.

    Examples:
      minerva services
      minerva services show churn
      minerva services diff churn churn-premium
      minerva services uses xgboost.classifier
      minerva services export churn churn.zip
      minerva services history churn
      minerva services rollback churn --to 3 --reason "deeper trees were no better"
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session))


@services.command("list")
@pass_session
def list_services(session: Session) -> None:
    """List the services: algorithm, serving version, what is wrong."""
    _list(session)


@services.command("show")
@click.argument("service")
@pass_session
def show_service(session: Session, service: str) -> None:
    """Show one service: its fields and what serves."""
    with session.client() as client:
        described = client.service(service)
    if session.json:
        screen.show_json(described)
        return
    shown = ("service", "description", "algorithm", "configuration_revision")
    facts = [(name.replace("_", " "), described[name]) for name in shown if described.get(name)]
    facts += _declared(described.get("configuration", {}))
    facts += [("serves", _serves(described)), *_beside(described), *_problem(described)]
    facts += [(f"serving {name}", told) for name, told in _told(described.get("serving", {}))]
    screen.show_pairs(facts)
    if described.get("tuned"):
        screen.remark(_tuned(described["tuned"], service))
    elif described.get("configuration", {}).get("derived"):
        screen.remark(
            "The service's file says something else, and counts again as soon as it changes: "
            f"minerva services history {service}"
        )
    screen.say("")
    screen.show_table(("field", "role", "type", "means"), _fields(described.get("schema", {})))


def _declared(configuration: Document) -> Iterator[tuple[str, Any]]:
    """Give who declared it so, when and why."""
    if configuration:
        since = screen.moment(configuration.get("created_at"))
        yield "declared by", f"{configuration.get('author')}, {since} UTC"
    if configuration.get("reason"):
        yield "because", configuration["reason"]


def _tuned(tuned: Document, service: str) -> str:
    from minerva.cli.tune import parameters_line

    return (
        f"The parameters come from proposal {tuned['proposal']} (minerva tune show {service} "
        f"{tuned['proposal']}), until the service's file changes. To keep them, write there:\n"
        f"{parameters_line(tuned['parameters'])}"
    )


def _list(session: Session) -> None:
    with session.client() as client:
        answer = client.service_list()
    if session.json:
        screen.show_json(answer)
        return
    listed = answer.get("services", [])
    if not listed:
        screen.say(
            "No service is declared: minerva new service NAME --from-csv FILE --target COLUMN"
        )
    else:
        rows = (
            (one.get("service"), one.get("algorithm"), _serves(one), one.get("description"))
            for one in listed
        )
        screen.show_table(("service", "algorithm", "serves", "description"), rows)
    problems = [*answer.get("problems", []), *_service_problems(listed)]
    for problem in problems:
        screen.remark(f"✗ {problem.get('where')}: {problem.get('message')}")


def _service_problems(listed: list[Document]) -> list[Document]:
    return [
        {"where": one.get("service"), "message": one["problem"]}
        for one in listed
        if one.get("problem")
    ]


def _serves(described: Document) -> Any:
    version = described.get("version")
    if version is None:
        return screen.coloured("no version yet", "yellow")
    return screen.coloured(f"version {version}", "green" if described.get("ready") else "red")


def _beside(described: Document) -> list[tuple[str, Any]]:
    """Who else is asked, and who must not be."""
    shown = [
        (alias, f"version {version}{share_of(alias, described)}")
        for alias, version in described.get("aliases", {}).items()
        if alias != "champion"
    ]
    kept = [
        ("in quarantine", f"version {one.get('version')}: {one.get('reason')}")
        for one in described.get("quarantined", [])
    ]
    return [*shown, *kept]


def _told(declared: Document, above: str = "") -> Iterator[tuple[str, Any]]:
    """Give what is declared of the serving, as `batching.max_batch`."""
    for name, value in declared.items():
        if isinstance(value, dict):
            yield from _told(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _problem(described: Document) -> list[tuple[str, Any]]:
    problem = described.get("problem")
    return [("problem", screen.coloured(str(problem), "red"))] if problem else []


def _fields(schema: Document) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    if schema.get("key"):
        rows.append((schema["key"], "key", "", "identifies a record"))
    for part, role in (("inputs", "input"), ("output", "output")):
        rows.extend(
            (name, role, field.get("type"), _meaning(field))
            for name, field in fields(schema, part).items()
        )
    return rows


def _meaning(field: Described) -> str:
    parts = [str(field[name]) for name in ("description",) if field.get(name)]
    if field.get("values"):
        parts.append(" | ".join(str(value) for value in field["values"]))
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None or high is not None:
        parts.append(f"{'' if low is None else f'{low:g}'}…{'' if high is None else f'{high:g}'}")
    parts.extend([str(field["unit"])] if field.get("unit") else [])
    parts.extend(["may be missing"] if field.get("nullable") else [])
    parts.extend([f"default {field['default']}"] if field.get("default") is not None else [])
    parts.extend(["personal"] if field.get("pii") else [])
    parts.extend(["not used"] if field.get("use") is False else [])
    return ", ".join(parts)
