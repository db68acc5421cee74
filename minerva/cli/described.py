"""A service and its versions as the sidecar describes them."""

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


def share_of(alias: str, described: Described) -> str:
    """Return ", 10 % of the calls" for a challenger, nothing for other aliases."""
    share = described.get("share")
    return f", {share:g} % of the calls" if alias == "challenger" and share is not None else ""
