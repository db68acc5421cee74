"""`versions_of:`: a service that answers with another one's versions, under policies of its own.

The lender is a service of the workspace's own tenant. Who follows is never trained: what would train it, of
what it extends, does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import (
    ServiceDeclaration,
    TrainingDeclaration,
)
from minerva.schema import Schema
from minerva.spelling import hint

VERSIONS_OF = "versions_of"
TRAINS = frozenset({"train", "tune"})
"""Kinds of jobs that make versions."""
FOR_PEOPLE = ("description", "unit")
"""Members of a field that no answer depends on."""


def untrained(declaration: ServiceDeclaration) -> ServiceDeclaration:
    """Return a declaration without what trains, if its versions come from another service."""
    if declaration.versions_of is None:
        return declaration
    schedules = tuple(one for one in declaration.schedules if one.kind not in TRAINS)
    return replace(declaration, training=TrainingDeclaration(), schedules=schedules, tuning=None)


def check_lender(
    declaration: ServiceDeclaration, services: Mapping[str, ServiceDeclaration]
) -> None:
    """Raise InvalidConfiguration if the lender is none of the workspace's services, or does not fit."""
    name = declaration.versions_of
    if name is None:
        return
    lender = services.get(name)
    if lender is None:
        fault = f"there is no such service; {hint(name, services)}"
    elif lender.versions_of is not None:
        fault = f"{name} has no versions itself: name {lender.versions_of!r}"
    elif lender.share == "nobody":
        fault = f"{name} is shared with nobody"
    elif form(lender.schema) != form(declaration.schema):
        fault = f"the schema differs from that of {name}, at {_unlike(lender.schema, declaration)}"
    else:
        return
    raise InvalidConfiguration(
        f"The versions of {name!r} cannot serve {declaration.service!r}.",
        faults=[Fault(f"/{VERSIONS_OF}", fault)],
    )


def form(schema: Schema) -> dict[str, Any]:
    """Return what two schemas must share for one version to serve both."""
    plain = schema.to_json()
    for part in ("inputs", "output"):
        plain[part] = {
            field["name"]: {k: v for k, v in field.items() if k not in FOR_PEOPLE}
            for field in plain[part]
        }
    return plain


def _unlike(schema: Schema, declaration: ServiceDeclaration) -> str:
    from minerva.layers.abstraction.services.differences import differences

    return differences(form(schema), form(declaration.schema))[0].member
