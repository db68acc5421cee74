"""Before a training: which algorithm, in which process, with which libraries, from which source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minerva.algorithm import Algorithm
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.source import Source
from minerva.layers.abstraction.runtimes import choice
from minerva.layers.abstraction.runtimes.choice import needs_data, repeatable
from minerva.layers.abstraction.services.declaration import ServiceDeclaration

Apart = Callable[[Algorithm, ServiceDeclaration, str, Source | None], Algorithm]
"""Returns the algorithm as one that works in a process of its own, in the environment of a lock, and
from this source of its plugin."""
Lock = Callable[[tuple[str, ...]], str]
"""Returns the exact versions, one a line, that satisfy some requirements."""


@dataclass(frozen=True)
class Prepared:
    """An algorithm that is ready to train."""

    algorithm: Algorithm
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a version must remember, so that it can be served by what made it."""
    source: Source | None = None
    """The plugin's files, of which a version keeps a copy; None for installed plugins."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Where the data comes from."""
    needs_data: bool = True
    repeats: bool = True
    """Whether a version answers the same question alike for ever."""
    house: Any = None
    """What a flow is made of."""


@dataclass(frozen=True)
class Preparation:
    """Prepares trainings of one process."""

    catalogue: Callable[[], Catalogue]
    lock: Lock
    apart: Apart

    def __call__(self, declaration: ServiceDeclaration) -> Prepared:
        """Return the algorithm of a declaration.

        Raises InvalidConfiguration, or Unavailable where its libraries cannot be looked up.
        """
        catalogue = self.catalogue()
        algorithm = catalogue.find(declaration.algorithm)
        choice.check_runtime(algorithm, declaration)
        needed = choice.requirements(algorithm, declaration)
        locked = self.lock(needed) if needed else ""
        facts = {**choice.facts(algorithm), "plugin": choice.origin(catalogue, declaration)}
        if locked:
            facts["requirements"] = locked.splitlines()
        source = catalogue.source_of(algorithm.name)
        if choice.trains_apart(algorithm, declaration):
            algorithm = self.apart(algorithm, declaration, locked, source)
        needs, repeats = needs_data(catalogue, declaration), repeatable(catalogue, declaration)
        return Prepared(algorithm, facts, source, needs_data=needs, repeats=repeats)
