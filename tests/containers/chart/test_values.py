"""values.yaml, its schema, the manual and the product's settings say the same."""

import json
import re
from collections.abc import Iterator
from typing import get_type_hints

import jsonschema
import msgspec
import pytest
import yaml
from helm_chart import CHART, MODES, ROOT, documents, one, render
from pods import variables

from minerva import settings

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
DEFAULTS = yaml.safe_load(VALUES)
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/kubernetes.md").read_text(encoding="utf-8")
OWN = {
    "release",
    "host", "port", "socket", "socket_group", "auth", "database_url", "queue_url", "artefacts_url",
    "log_folder", "state_folder", "migrate", "admin_key_file", "signing_key", "webhook_key", "trusted_keys",
}  # fmt: skip
"""Settings that follow from other values."""
FREE = ("kubernetesObject", "kubernetesObjects", "texts")
"""Objects whose members the chart does not know: Kubernetes' own, which kubernetes-validate looks at, and maps."""


def members(schema: dict, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict]]:
    """Give each value of the chart with its schema, groups of values before what is in them."""
    for name, below in schema["properties"].items():
        yield (*path, name), below
        if "properties" in below and (*path, name) != ("settings",):
            yield from members(below, (*path, name))


KNOWN = {path: schema for path, schema in members(SCHEMA) if path != ("global",)}
LEAVES = {
    path: schema
    for path, schema in KNOWN.items()
    if "properties" not in schema or path == ("settings",)
}
"""Groups of values are told by their members; settings have a page of their own."""


def default(path: tuple[str, ...]) -> object:
    """The value in values.yaml."""
    value = DEFAULTS
    for name in path:
        value = value[name]
    return value


def comments() -> dict[tuple[str, ...], str]:
    """What values.yaml says above each value."""
    said: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    above: list[str] = []
    for line in VALUES.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("#"):
            above.append(line.strip().removeprefix("# "))
        elif match := re.match(r" *(\w+):", line):
            path = [*path[: indent // 2], match[1]]
            if above:
                said[tuple(path)] = " ".join(above)
            above = []
        elif not line:
            above = []
    return said


def test_there_is_something_to_compare():
    assert len(LEAVES) > 100


def test_every_value_has_a_default_that_its_schema_takes():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(DEFAULTS)
    assert [path for path in KNOWN if default(path) is None] == []


def test_every_default_is_in_the_schema():
    found = []

    def look(value: dict, path: tuple[str, ...] = ()) -> None:
        for name, below in value.items():
            if (*path, name) not in KNOWN:
                found.append(".".join((*path, name)))
            elif (*path, name) not in LEAVES:
                look(below, (*path, name))

    look(DEFAULTS)
    assert found == []


def test_values_are_told_in_the_words_of_their_schema():
    told = {path: f"{schema['description']}." for path, schema in KNOWN.items()}
    assert {path: text for path, text in comments().items() if path in told} == told


def test_the_schema_is_strict_everywhere():
    loose = []

    def look(schema: object, where: str) -> None:
        if isinstance(schema, list):
            for each in schema:
                look(each, where)
        if not isinstance(schema, dict):
            return
        if schema.get("type") == "object" and where.rpartition("/")[2] != "global":
            open_ = schema.get("additionalProperties", True) is True
            loose.extend([where] if open_ else [])
        for name, below in schema.items():
            look(below, f"{where}/{name}")

    look({name: below for name, below in SCHEMA.items() if name != "definitions"}, "")
    look({n: d for n, d in SCHEMA["definitions"].items() if n not in FREE}, "definitions")
    members_of_kubernetes = {"to", "container"}
    assert [each for each in loose if not members_of_kubernetes & set(each.split("/"))] == []


def test_every_schema_says_what_it_is_for():
    silent = []

    def look(schema: dict, where: str) -> None:
        for name, below in schema.get("properties", {}).items():
            if not below.get("description"):
                silent.append(f"{where}.{name}")
            look(below, f"{where}.{name}")

    look(SCHEMA, "values")
    for name, definition in SCHEMA["definitions"].items():
        look(definition, name)
    assert silent == []


def row(path: tuple[str, ...], schema: dict) -> str:
    """What the manual says of a value."""
    shown = json.dumps(default(path), ensure_ascii=False).replace("|", "\\|")
    return (
        f"| `{'.'.join(path)}` | `{shown}` | {schema['description'].replace('|', chr(92) + '|')} |"
    )


def test_the_manual_lists_every_value():
    expected = "\n".join(row(path, schema) for path, schema in LEAVES.items())
    assert f"|---|---|---|\n{expected}\n\n" in PAGE, expected


def test_the_settings_are_those_of_the_product():
    hints = get_type_hints(settings.Settings, include_extras=True)
    own = msgspec.json.schema(settings.Settings)["$defs"]["Settings"]["properties"]
    kept = ("type", "minimum", "maximum", "exclusiveMinimum", "enum")
    expected = {
        field.name: {
            "description": hints[field.name].__metadata__[-1].description,
            **{name: value for name, value in own[field.name].items() if name in kept},
        }
        for field in msgspec.structs.fields(settings.Settings)
        if field.name not in OWN
    }
    assert KNOWN[("settings",)]["properties"] == expected, json.dumps(expected, indent=2)


def test_what_pods_are_told_are_settings_that_the_product_takes(objects, tmp_path):
    """Every MINERVA_ variable of every pod, read as the process reads it."""
    from pods import containers, pods

    told = 0
    for _, pod in pods(objects):
        for container in containers(pod):
            if container["name"] not in {"minerva", "worker", "beat", "migrate"}:
                continue
            given = {
                n: entry.get("value", "redis://x") for n, entry in variables(container).items()
            }
            names = {name for name in given if name.startswith("MINERVA_")} - {"MINERVA_WORKSPACE"}
            fields = {f"MINERVA_{name.upper()}" for name in settings.Settings.__struct_fields__}
            assert names <= fields, container["name"]
            settings.load(tmp_path, given)
            told += len(names)
    assert told > 20


def test_large_and_broken_numbers_arrive_as_they_were_written():
    (web,) = one(documents(render("scaled")), "Deployment", "shop-minerva")["spec"]["template"][
        "spec"
    ]["containers"]
    given = {name: entry.get("value") for name, entry in variables(web).items()}
    assert given["MINERVA_MAX_BODY_BYTES"] == "33554432"
    assert given["MINERVA_GRACEFUL_TIMEOUT_S"] == "45.5"


@pytest.mark.parametrize("name", sorted(MODES))
def test_the_manual_names_every_mode(name):
    assert f"`ci/{name}-values.yaml`" in PAGE
