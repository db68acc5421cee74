"""From what a model file tells about itself to a service file, written the way a person would."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from minerva.algorithm import Inspected
from minerva.errors import Conflict, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services.authoring import flow_mapping, scalar

DEFAULT_OUTPUT = "prediction"
TYPES = ("boolean", "integer", "number")
REQUIREMENT = re.compile(
    r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:==\s*([\w.+!]+)|[<>~!][\w.+!<>=~, ]*)?"
)


@dataclass(frozen=True)
class Found:
    """A model file that was looked into."""

    file: str
    """Its name, as its owner knows it."""
    algorithm: str
    parameters: Mapping[str, Any]
    """All that the algorithm needs, `path` among them."""
    inspected: Inspected


@dataclass(frozen=True)
class Wanted:
    """What the person who imports it says about the service."""

    service: str
    output: str = DEFAULT_OUTPUT
    field: Mapping[str, Any] | None = None
    """The output as they declare it; None: as the file says."""
    requirements: Sequence[str] = ()
    allow_pickle: bool = False


def read_output(text: str) -> tuple[str, dict[str, Any] | None]:
    """Read `NAME`, `NAME=number` or `NAME=VALUE,VALUE,…`. Raises InvalidConfiguration."""
    name, given, values = text.partition("=")
    if not name.strip() or (given and not values.strip()):
        raise InvalidConfiguration(
            "--output takes NAME, NAME=VALUE,VALUE,… or NAME= and one of " + ", ".join(TYPES) + "."
        )
    if not given:
        return name.strip(), None
    if values.strip() in TYPES:
        return name.strip(), {"type": values.strip()}
    listed = [value.strip() for value in values.split(",")]
    whole = all(re.fullmatch(r"-?\d{1,15}", value) for value in listed)
    return name.strip(), {"type": "category", "values": [*map(int, listed)] if whole else listed}


def outstanding(requirements: Sequence[str], version_of: Callable[[str], str | None]) -> list[str]:
    """Return all requirements if any is not met by what is installed here, none if all are.

    A range counts as met: a model is saved with exact versions, or with a library that keeps its formats.
    """
    for line in requirements:
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            return list(requirements)
        name, pinned = match.groups()
        installed = version_of(name)
        if installed is None or (pinned and installed.partition("+")[0] != pinned):
            return list(requirements)
    return []


def render(found: Found, wanted: Wanted) -> str:
    """Return the text of a new service file. Raises InvalidData if the file does not say enough."""
    inspected = found.inspected
    if not inspected.inputs:
        raise InvalidData(
            f"{found.file} does not say which inputs it takes: write services/{wanted.service}.yaml "
            "with its schema (`minerva new service` helps), then import the file again."
        )
    output = dict(wanted.field or inspected.output or {"type": "number"})
    beside, above = _notes(inspected, declared=wanted.field is not None)
    lines = [
        f"# Written by `minerva import` from {_comment(found.file)}. Look over what says `check`.",
        f"service: {wanted.service}",
        f"description: {scalar(f'Answers {wanted.output} with a model that was trained elsewhere.')}",
        f"algorithm: {found.algorithm}",
        "parameters: " + _mapping(dict(found.parameters), len("parameters: ")),
        *([_pickle_line()] if wanted.allow_pickle else []),
        *_requirements(wanted.requirements),
        "schema:",
        *[f"  # check: {note}" for note in above],
        "  inputs:",
        *_fields(inspected.inputs, beside),
        "  output:",
        *_fields({wanted.output: output}, {}),
        _advice(wanted.output, output),
    ]
    return "\n".join(lines) + "\n"


def repoint(text: str, path: str, *, allow_pickle: bool = False) -> str:
    """Return a service file's text with another `parameters.path`; all else stays as it is written.

    Raises Conflict if the file is written in a way that cannot be changed in place.
    """
    node = _node(yaml.compose(text, yaml.SafeLoader), "parameters", "path")
    if node is None:
        raise Conflict("The service file has no plain `path` among its parameters: write it there.")
    start, end = node.start_mark.index, node.end_mark.index
    changed = text[:start] + scalar(path) + text[end:]
    before, after = yaml.safe_load(text), yaml.safe_load(changed)
    if allow_pickle and not before.get("allow_pickle"):
        if "allow_pickle" in before:
            raise Conflict("The service says `allow_pickle: false`: change it there first.")
        changed = changed.rstrip("\n") + f"\n{_pickle_line()}\n"
    if after != {**before, "parameters": {**before["parameters"], "path": path}}:
        raise Conflict(
            "The service file cannot be changed in place: write the new `path` yourself."
        )
    return changed


def _node(node: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == name), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _notes(inspected: Inspected, *, declared: bool) -> tuple[dict[str, list[str]], list[str]]:
    """Part notes about one input, `name: …`, from those about the whole."""
    beside: dict[str, list[str]] = {}
    above: list[str] = []
    for note in inspected.notes:
        name, colon, said = note.partition(": ")
        if colon and name in inspected.inputs:
            beside.setdefault(name, []).append(_comment(said))
        else:
            above.append(_comment(note))
    if not inspected.output and not declared:
        above.append("The file does not say what it gives: a number, unless you know better.")
    return beside, above


def _fields(fields: Mapping[str, Any], notes: Mapping[str, list[str]]) -> list[str]:
    width = max(len(scalar(name)) for name in fields) + 1
    lines: list[str] = []
    for name, field in fields.items():
        lines.extend(f"    # check: {note}" for note in notes.get(name, ()))
        start = f"    {scalar(name)}:".ljust(width + 5)
        lines.append(start + _mapping(dict(field), len(start)))
    return lines


def _mapping(members: dict[str, Any], column: int) -> str:
    nested = any(isinstance(value, Mapping) for value in members.values())
    if not nested:
        return flow_mapping(members, " " * 6, column)
    inner = {
        name: _mapping(dict(value), 0) if isinstance(value, Mapping) else scalar(value)
        for name, value in members.items()
    }
    return "{" + ", ".join(f"{name}: {value}" for name, value in inner.items()) + "}"


def _requirements(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    listed = ", ".join(scalar(line) for line in lines)
    return ["# What the model was trained with; its process gets an environment of its own.",
            f"requirements: [{listed}]"]  # fmt: skip


def _pickle_line() -> str:
    return "allow_pickle: true  # reading the model can run any code: only for a source you trust"


def _advice(name: str, output: Mapping[str, Any]) -> str:
    default = scalar([*output.get("values", ()), 0 if output["type"] in TYPES[1:] else False][0])
    return f"# serving: {{deadline_ms: 200, default: {{{scalar(name)}: {default}}}}}"


def _comment(text: str) -> str:
    return " ".join(text.split())
