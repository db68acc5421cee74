"""`minerva algorithms`: what a service may name, and which parameters it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import UsualGroup
from minerva.cli.plugins import find_plugins
from minerva.cli.session import Session, pass_session

if TYPE_CHECKING:
    from minerva.algorithm import Algorithm
    from minerva.layers.abstraction.plugins.catalogue import Catalogue


class AlgorithmsGroup(UsualGroup):
    """`minerva algorithms xgboost.classifier` shows it."""

    usual = "show"


@click.group(
    cls=AlgorithmsGroup,
    invoke_without_command=True,
    subcommand_metavar="[NAME] | COMMAND [ARGS]...",
)
@click.pass_context
def algorithms(ctx: click.Context) -> None:
    """List the algorithms that services can name, or show one.

    Examples:
      minerva algorithms
      minerva algorithms xgboost.classifier
      minerva algorithms list --problem regression
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), "")


@algorithms.command("list")
@click.option(
    "--problem", default="", metavar="KIND", help="Only what solves this kind of problem."
)
@pass_session
def list_algorithms(session: Session, problem: str) -> None:
    """List the algorithms: what each solves, and where it comes from."""
    _list(session, problem)


@algorithms.command("show")
@click.argument("name")
@pass_session
def show_algorithm(session: Session, name: str) -> None:
    """Show one: its parameters, their ranges, what a tuning tries; a service on real data."""
    catalogue = find_plugins(session)
    told = described(catalogue.find(name), catalogue.origins[name])
    if session.json:
        _show_json([told], catalogue)
        return
    solves = f" ({told['problem']})" if told["problem"] else ""
    screen.say(f"{name}{solves}: {told['description']}\n")
    if told["example"]:
        screen.say(f"A service on real data: {told['example']}\n")
    screen.show_table(
        ("parameter", "type", "range", "default", "minerva tune tries", "what it is"),
        (
            (
                p["name"],
                p["type"],
                p["range"],
                "needed" if p["needed"] else p["default"],
                _tried(told, p["name"]),
                p["description"],
            )
            for p in told["parameters"]
        ),
    )
    _remark(catalogue)


def _list(session: Session, problem: str) -> None:
    catalogue = find_plugins(session)
    listed = [
        described(one, catalogue.origins[one.name])
        for one in catalogue.algorithms.values()
        if problem in {"", one.problem}
    ]
    if problem and not listed:
        known = ", ".join(sorted({one.problem for one in catalogue.algorithms.values()} - {""}))
        raise click.UsageError(f"No algorithm solves {problem!r}; there are: {known}.")
    if session.json:
        _show_json(listed, catalogue)
        return
    screen.show_table(
        ("algorithm", "solves", "from", "description"),
        ((one["name"], one["problem"], one["plugin"], one["description"]) for one in listed),
    )
    _remark(catalogue)


def described(algorithm: Algorithm, origin: str) -> dict[str, Any]:
    """Return what a person who chooses wants to know."""
    return {
        "name": algorithm.name,
        "plugin": origin,
        "problem": algorithm.problem,
        "needs_data": algorithm.needs_data,
        "description": _first_line(type(algorithm).__doc__),
        "parameters": _parameters(algorithm.Parameters),
        "search_space": dict(algorithm.search_space),
        "example": algorithm.example,
    }


def _show_json(listed: list[dict[str, Any]], catalogue: Catalogue) -> None:
    screen.show_json({"algorithms": listed, "problems": [str(p) for p in catalogue.problems]})


def _remark(catalogue: Catalogue) -> None:
    for problem in catalogue.problems:
        screen.remark(f"✗ {problem}")


def _tried(algorithm: dict[str, Any], parameter: str) -> str:
    """Return what a tuning tries unless the service says otherwise, as people write it."""
    one = algorithm["search_space"].get(parameter)
    if one is None:
        return ""
    if one.get("values"):
        return " | ".join(map(str, one["values"]))
    return f"{one.get('low'):g}…{one.get('high'):g}{' (log)' if one.get('log') else ''}"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def _parameters(kind: type[Any]) -> list[dict[str, Any]]:
    import msgspec

    described = msgspec.json.schema(kind)
    _, definitions = msgspec.json.schema_components([kind])
    whole = next(iter(definitions.values()), described)
    properties, needed = whole.get("properties", {}), whole.get("required", ())
    return [
        {
            "name": name,
            "type": _type(one),
            "range": _range(one),
            "default": one.get("default"),
            "needed": name in needed,
            "description": one.get("description", ""),
        }
        for name, one in properties.items()
    ]


def _range(described: dict[str, Any]) -> str:
    """Return the bounds of a number, as people write them."""
    low = described.get("minimum", described.get("exclusiveMinimum"))
    high = described.get("maximum", described.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    least = (
        "" if low is None else f"{'more than ' if 'minimum' not in described else ''}{low:,.10g}"
    )
    most = (
        "" if high is None else f"{'less than ' if 'maximum' not in described else ''}{high:,.10g}"
    )
    return f"{least}…{most}"


def _type(described: dict[str, Any]) -> str:
    if "enum" in described:
        return " | ".join(map(str, described["enum"]))
    if "anyOf" in described:
        return " | ".join(_type(one) for one in described["anyOf"])
    return str(described.get("type", "any"))
