"""Writing a service file the way a person would: one line per field, with why beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.services.inference import Inferred
from minerva.schema import Field, FieldType

WIDTH = 100
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Words that some YAML reader takes for true or false."""


def render(name: str, inferred: Inferred, data: DataDeclaration, origin: str) -> str:
    """Return the text of `services/<name>.yaml`; `origin` is how its reader knows the data."""
    target, output = inferred.schema.target()
    lines = [
        f"# Guessed by `minerva new service` from {_comment(origin)} ({inferred.rows:,} rows).",
        f"# Look it over, then: minerva train {name}",
        f"service: {name}",
        f"description: {scalar(_description(target, output))}",
        f"algorithm: {inferred.algorithm}",
        f"# {inferred.algorithm}: {_comment(inferred.why)}",
        "parameters: {}  # the algorithm's defaults; `minerva algorithms` lists what there is",
        "schema:",
        *([f"  key: {scalar(inferred.schema.key)}"] if inferred.schema.key else []),
        "  inputs:",
        *_fields(inferred, "input"),
        "  output:",
        *_fields(inferred, "target"),
        "data: " + flow_mapping(_data(data), "  ", len("data: ")),
        *_split(inferred),
        *_advice(target, output, apart=inferred.split is None),
    ]
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """Return one value as YAML that reads back as the same value, quoted only where needed."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        plain = yaml.safe_load(f"[{value}]") == [value] and yaml.safe_load(f"{{{value}: 0}}") == {
            value: 0
        }
    except yaml.YAMLError:
        plain = False
    if plain and value == value.strip() and value.isprintable() and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in quoted)


def _description(target: str, output: Field) -> str:
    what = "number" if output.type is FieldType.NUMBER else "class"
    return f"Predicts {target}, a {what}."


def _fields(inferred: Inferred, role: str) -> list[str]:
    chosen = [guess for guess in inferred.guesses if guess.role == role and guess.field]
    width = max(len(scalar(guess.name)) for guess in chosen) + 1
    lines: list[str] = []
    for guess in chosen:
        name = f"    {scalar(guess.name)}:".ljust(width + 5)
        if guess.notes:
            lines.extend(f"    # {_comment(guess.name)}: {note}" for note in guess.notes)
        lines.append(name + flow_mapping(_plain(guess.field), " " * 6, len(name)))
    return lines


def _plain(field: Field | None) -> dict[str, Any]:
    members = {} if field is None else field.to_json()
    for bound in ("minimum", "maximum"):
        if bound in members and float(members[bound]).is_integer():
            members[bound] = int(members[bound])
    return members


def _data(data: DataDeclaration) -> dict[str, Any]:
    return dict(msgspec.to_builtins(data))


def flow_mapping(members: dict[str, Any], indent: str, column: int) -> str:
    """A flow mapping that starts at a column, broken after commas where a line grows too long."""
    items: list[str] = []
    for name, value in members.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            first, *rest = [scalar(item) for item in value]
            opened = [f"{name}: [{first}", *rest]
            items.extend([*opened[:-1], f"{opened[-1]}]"])
        else:
            items.append(f"{name}: {scalar(value)}")
    return "{" + _wrapped(items, indent, column + 1) + "}"


def _wrapped(items: Sequence[str], indent: str, column: int) -> str:
    lines: list[str] = []
    line = ""
    for item in items:
        if line and column + len(line) + len(item) > WIDTH:
            lines.append(line.rstrip())
            line, column = "", len(indent)
        line += f"{item}, "
    return f"\n{indent}".join([*lines, line.removesuffix(", ")])


def _split(inferred: Inferred) -> list[str]:
    split = inferred.split
    if split is None:
        return []
    return [
        "training:",
        f"  # {_comment(split.reason)}",
        f"  split: {{by: {split.by}, field: {scalar(split.field)}}}",
    ]


def _advice(target: str, output: Field, *, apart: bool) -> list[str]:
    """Policies that most services want in the end, as comments to take in."""
    if output.type is FieldType.NUMBER:
        default, metric = "0", "rmse, at_most: 10"
    else:
        default, metric = scalar([*output.values, False][0]), "roc_auc, at_least: 0.8"
    nightly = f'schedule: "0 3 * * *", gate: {{metric: {metric}}}'
    return [
        f"# training: {{{nightly}}}  # nightly, UTC"
        if apart
        else f"# and below `training:`, to train nightly, UTC: {nightly}",
        f"# serving: {{deadline_ms: 200, default: {{{scalar(target)}: {default}}}}}",
    ]


def _comment(text: str) -> str:
    return " ".join(text.split())
