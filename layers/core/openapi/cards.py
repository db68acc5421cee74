"""The routes that tell of a version: its card, and where it came from."""

from __future__ import annotations

from minerva.layers.core.openapi.components import TEXT, Content, array, json_content, member
from minerva.layers.core.openapi.operations import SERVICE, operation, parameter

BASE = "/v1/services/{service}"
TAG = "registry"
VERSION = parameter(
    "version",
    "query",
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "Version number; the champion unless told",
)
CARD: Content = {
    "type": "object",
    "required": ["service", "version", "algorithm", "metrics", "limits", "decisions"],
    "properties": {
        "service": TEXT,
        "version": TEXT,
        "algorithm": TEXT,
        "metrics": array({"type": "object"}),
        "limits": {"type": "array", "items": TEXT},
        "decisions": array({"type": "object"}),
    },
}
GRAPH: Content = {
    "type": "object",
    "required": ["nodes", "edges"],
    "properties": {
        "nodes": array({"type": "object", "required": ["id", "kind", "name"]}),
        "edges": array({"type": "object", "required": ["from", "to", "as"]}),
    },
}


def card_paths() -> Content:
    """Return path → operations."""
    page: Content = {"text/html": {"schema": TEXT}}
    return {
        f"{BASE}/card": {
            "get": operation(
                TAG,
                "show_card",
                "Show a version's model card",
                {**json_content(member("card", CARD)), **page},
                parameters=(SERVICE, VERSION),
            )
        },
        f"{BASE}/lineage": {
            "get": operation(
                TAG,
                "show_lineage",
                "Show where the versions came from and where they went",
                json_content(member("lineage", GRAPH)),
                parameters=(SERVICE, VERSION),
            )
        },
    }
