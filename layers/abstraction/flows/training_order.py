"""Which services are trained before a flow: those that its steps ask in this house, in order of need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from minerva.layers.abstraction.flows.among import FLOW
from minerva.layers.abstraction.flows.declaration import Elsewhere, FlowParameters
from minerva.layers.abstraction.services.declaration import ServiceDeclaration


def trained_before(
    flow: ServiceDeclaration,
    find: Callable[[str], ServiceDeclaration],
    learns: Callable[[ServiceDeclaration], bool],
) -> list[str]:
    """Return the services that learn of those that a flow asks, each after all that it asks itself.

    `find` raises NotFound for a service that there is not.
    """
    placed: list[str] = []
    seen = {flow.service}

    def place(asking: ServiceDeclaration) -> None:
        for name in asked_in_house(asking):
            if name not in seen:
                seen.add(name)
                declaration = find(name)
                place(declaration)
                placed.extend([name] if learns(declaration) else [])

    place(flow)
    return placed


def asked_in_house(declaration: ServiceDeclaration) -> Iterator[str]:
    """Yield the services that a flow's steps ask here or have workers ask, none for what is no flow."""
    if declaration.algorithm != FLOW:
        return
    for step in msgspec.convert(declaration.parameters, FlowParameters).steps.values():
        away = isinstance(step.where, Elsewhere) or "://" in step.where
        if step.predict is not None and not away:
            yield step.predict
