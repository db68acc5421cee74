"""The terms under which a service serves its versions: what its declaration says beside the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

from minerva.layers.abstraction.services.declaration import (
    Batching,
    Breaker,
    Limits,
    ServiceDeclaration,
)


@dataclass(frozen=True)
class Terms:
    """A version is loaded anew when these change, and only then."""

    runtime: Literal["inline", "process"] | None = None
    """None: as the algorithm says."""
    limits: Limits = field(default_factory=Limits)
    breaker: Breaker = field(default_factory=Breaker)
    deadline_ms: int | None = None
    allow_pickle: bool = False
    batching: Batching | None = None

    @classmethod
    def of(cls, declaration: ServiceDeclaration) -> Self:
        """Return the terms that a declaration states."""
        serving = declaration.serving
        return cls(
            serving.runtime,
            serving.limits,
            serving.breaker,
            serving.deadline_ms,
            declaration.allow_pickle,
            serving.batching,
        )
