"""A service's schema as the sidecar describes it: lists of fields, each with its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Described = Mapping[str, Any]


def fields(schema: Described, part: str) -> dict[str, Described]:
    """Return name → field of `inputs` or `output`, in declared order."""
    return {str(field["name"]): field for field in schema.get(part, ())}


def known(schema: Described) -> list[str]:
    """Return the names that a record may have: key and inputs."""
    return [*([schema["key"]] if schema.get("key") else []), *fields(schema, "inputs")]
