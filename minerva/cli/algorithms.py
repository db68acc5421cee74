"""`minerva algorithms`: what a service may name, and which parameters it takes."""

from __future__ import annotations

from typing import Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.plugins import find_plugins
from minerva.cli.session import Session, pass_session


@click.command(cls=Command)
@click.argument("name", required=False)
@pass_session
def algorithms(session: Session, name: str | None) -> None:
    """List the algorithms that services can name, or show the parameters of one.

    Examples:
      minerva algorithms
      minerva algorithms xgboost.classifier
    """
    catalogue = find_plugins(session)
    chosen = [catalogue.find(name)] if name else list(catalogue.algorithms.values())
    listed: list[dict[str, Any]] = [
        {
            "name": one.name,
            "plugin": catalogue.origins[one.name],
            "needs_data": one.needs_data,
            "description": _first_line(type(one).__doc__),
            "parameters": _parameters(one.Parameters),
            "search_space": dict(one.search_space),
        }
        for one in chosen
    ]
    if session.json:
        screen.show_json({"algorithms": listed, "problems": [str(p) for p in catalogue.problems]})
        return
    if name:
        screen.say(f"{listed[0]['name']}: {listed[0]['description']}\n")
        screen.show_table(
            ("parameter", "type", "default", "minerva tune tries", "what it is"),
            (
                (p["name"], p["type"], p["default"], _tried(listed[0], p["name"]), p["description"])
                for p in listed[0]["parameters"]
            ),
        )
    else:
        screen.show_table(
            ("algorithm", "from", "description"),
            ((one["name"], one["plugin"], one["description"]) for one in listed),
        )
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
    properties = next(iter(definitions.values()), described).get("properties", {})
    return [
        {
            "name": name,
            "type": _type(one),
            "default": one.get("default"),
            "description": one.get("description", ""),
        }
        for name, one in properties.items()
    ]


def _type(described: dict[str, Any]) -> str:
    if "enum" in described:
        return " | ".join(map(str, described["enum"]))
    if "anyOf" in described:
        return " | ".join(_type(one) for one in described["anyOf"])
    return str(described.get("type", "any"))
