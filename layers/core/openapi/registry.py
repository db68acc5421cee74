"""The routes of the registry: versions, aliases, quarantine."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    SHARE,
    TEXT,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import SERVICE, json_body, operation, parameter

BASE = "/v1/services/{service}"
TAG = "registry"
REASON = {"type": "string", "maxLength": 500}
COUNTED: Content = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
NUMBER = parameter("number", "path", COUNTED, "Version number")


def registry_paths() -> Content:
    """Return path → operations."""
    return {**_versions(), **_quarantine(), **_aliases()}


def _versions() -> Content:
    return {
        f"{BASE}/versions": {
            "get": operation(
                TAG,
                "list_versions",
                "List the versions, newest first",
                json_content(member("versions", array(ref("Version")))),
                parameters=(SERVICE,),
            )
        },
        f"{BASE}/versions/{{number}}": {
            "get": operation(
                TAG,
                "get_version",
                "Show a version with its manifest",
                json_content(member("version", ref("Version"))),
                parameters=(SERVICE, NUMBER),
            )
        },
    }


def _quarantine() -> Content:
    one = member("version", ref("Version"))
    moved = {"oneOf": [ref("AliasChange"), {"type": "null"}]}
    both = {
        "type": "object",
        "required": ["version", "alias"],
        "properties": {**one["properties"], "alias": moved},
    }
    return {
        f"{BASE}/versions/{{number}}/quarantine": {
            "post": operation(
                TAG,
                "quarantine",
                "Keep a version from serving; a champion gives way to the last good one",
                json_content(both),
                parameters=(SERVICE, NUMBER),
                body=json_body(
                    _object({"reason": {**REASON, "minLength": 1}}, "nonsense", required=True)
                ),
            )
        },
        f"{BASE}/versions/{{number}}/release": {
            "post": operation(
                TAG,
                "release",
                "Let a version be promoted again",
                json_content(one),
                parameters=(SERVICE, NUMBER),
                body=json_body(_object({"reason": REASON}, "the data was bad"), required=False),
            )
        },
    }


def _aliases() -> Content:
    named = {
        "aliases": {"type": "object", "additionalProperties": TEXT},
        "share": SHARE,
    }
    listed = {"type": "object", "required": list(named), "properties": named}
    return {
        f"{BASE}/aliases": {
            "get": operation(
                TAG,
                "list_aliases",
                "Show which version each alias names",
                json_content(listed),
                parameters=(SERVICE,),
            )
        },
        f"{BASE}/aliases/{{alias}}": {"put": _promotion(), "delete": _retirement()},
        f"{BASE}/rollback": {"post": _rollback()},
    }


def _promotion() -> Content:
    share = {**SHARE, "description": "Percent of the calls; of a challenger only", "default": 10}
    return operation(
        TAG,
        "promote",
        "Point an alias at a version, which proves itself first",
        json_content(member("alias", ref("AliasChange"))),
        parameters=(SERVICE, _alias("champion", "challenger", "shadow", "standby")),
        body=json_body(
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["version"],
                "properties": {
                    "version": {"anyOf": [COUNTED, {"type": "string", "pattern": "^[0-9]{1,9}$"}]},
                    "share": share,
                    "reason": REASON,
                },
                "examples": [{"version": 1, "reason": "better on new customers"}],
            }
        ),
    )


def _retirement() -> Content:
    return operation(
        TAG,
        "retire",
        "Take a challenger, shadow or standby away",
        json_content(member("alias", ref("AliasChange"))),
        parameters=(SERVICE, _alias("challenger", "shadow", "standby")),
        body=json_body(_object({"reason": REASON}, "not better"), required=False),
    )


def _rollback() -> Content:
    return operation(
        TAG,
        "rollback",
        "Return to the last champion before this one that may serve",
        json_content(member("alias", ref("AliasChange"))),
        parameters=(SERVICE,),
        body=json_body(_object({"reason": REASON}, "complaints"), required=False),
    )


def _alias(*names: str) -> Content:
    return parameter("alias", "path", {"enum": list(names)}, "Name for a version")


def _object(properties: Content, reason: str, *, required: bool = False) -> Content:
    made = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "examples": [{"reason": reason}],
    }
    return made | ({"required": list(properties)} if required else {})
