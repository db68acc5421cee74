"""A tiny workspace: data whose answer is known, and declarations as YAML reads them."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse

PLUGINS = Path(__file__).parents[3] / "plugins"
ROWS = 40
EMAIL = "jane{}@example.org"
SCHEMA = {
    "key": "id",
    "inputs": {
        "x": {"type": "integer", "minimum": 0},
        "email": {"type": "text", "pii": True, "use": False, "nullable": True},
    },
    "output": {"y": {"type": "number"}},
}


def write_data(folder: Path, factor: float = 2.0, rows: int = ROWS) -> Path:
    """Write `data.csv`: y is x times `factor`, plan follows x."""
    lines = [
        f"c-{n},{n % 7 + 1},{EMAIL.format(n)},{(n % 7 + 1) * factor},{'gold' if n % 7 > 3 else 'tin'}"
        for n in range(rows)
    ]
    path = folder / "data.csv"
    path.write_text("\n".join(["id,x,email,y,plan", *lines]) + "\n")
    return path


def a_declaration(name: str = "value", algorithm: str = "linear", **parts: Any) -> dict[str, Any]:
    """Return a declaration as its YAML would read; `parts` replace or add members.

    Models of tests may be as bad as they like, and serve all the same.
    """
    parts["training"] = {"below_baseline": "promote", **parts.get("training", {})}
    return {
        "service": name,
        "algorithm": algorithm,
        "schema": deepcopy(SCHEMA),
        "data": {"source": "csv", "path": "data.csv"},
        **parts,
    }


def declaration_of(*arguments: Any, **parts: Any) -> ServiceDeclaration:
    """Return the parsed form of `a_declaration`."""
    return parse(a_declaration(*arguments, **parts))


def write_service(folder: Path, declared: dict[str, Any]) -> Path:
    """Write `services/<name>.yaml`."""
    path = folder / "services" / f"{declared['service']}.yaml"
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    return path


def silent(fraction: float, message: str = "") -> None:
    """Nobody listens."""


def events_of(events: list[Any], name: str) -> list[Any]:
    """Return the log's events of one name."""
    return [event for event in events if event["event"] == name]


def named(events: list[Any], *prefixes: str) -> list[str]:
    """Return the names of the log's events that begin so: plugins log in the background what they hear."""
    return [event["event"] for event in events if event["event"].startswith(prefixes)]
