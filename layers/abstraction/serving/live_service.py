"""One service as one process serves it: an immutable value."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from minerva.errors import NotFound, Unavailable
from minerva.layers.abstraction.problems.solved import Solved
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.schema import Decoder, Schema


@dataclass(frozen=True, eq=False)
class Contender:
    """A version beside the champion, as far as it could be loaded."""

    number: int
    loaded: LoadedVersion | None
    problem: str | None

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {"version": str(self.number), **_health(self.loaded), "problem": self.problem}


@dataclass(frozen=True, eq=False)
class LiveService:
    """One service as this process serves it."""

    tenant: str
    declaration: ServiceDeclaration
    revision: int
    """Configuration revision that is in force."""
    loaded: LoadedVersion | None
    champion: int | None
    """The version that the registry names; `loaded` is an older one while this cannot be loaded."""
    problem: str | None
    slots: threading.BoundedSemaphore | None
    """Bounds the calls in progress where the declaration has `max_concurrency`."""
    challenger: Contender | None = None
    share: float = 0.0
    """Percent of the calls that the challenger answers."""
    shadow: Contender | None = None
    standby: Contender | None = None
    former: LoadedVersion | None = None
    """The champion before, kept loaded so that a rollback is served at once."""

    @property
    def version(self) -> Version | None:
        """The version that answers."""
        return None if self.loaded is None else self.loaded.version

    @property
    def schema(self) -> Schema:
        """The schema that callers must fit: the serving version's, else the declared one."""
        return self.declaration.schema if self.loaded is None else self.loaded.schema

    @property
    def solved(self) -> Solved:
        """What the serving version solves; before there is one, what the output says."""
        return Solved.of(self.schema, {} if self.version is None else self.version.manifest)

    @property
    def decoder(self) -> Decoder:
        """The decoder of that schema."""
        return Decoder(self.schema) if self.loaded is None else self.loaded.decoder

    @property
    def ready(self) -> bool:
        """Whether there is nothing to serve yet, or a proven version serves."""
        return self.loaded is not None or self.champion is None

    @property
    def whole(self) -> bool:
        """Whether everything that the registry names could be loaded."""
        return self.problem is None and all(one.problem is None for one in self.beside)

    @property
    def beside(self) -> list[Contender]:
        """What the aliases name beside the champion."""
        named = (self.challenger, self.shadow, self.standby)
        return [one for one in named if one is not None]

    def in_memory(self) -> Iterator[LoadedVersion]:
        """Give every version that need not be loaded again."""
        beside = [one.loaded for one in self.beside]
        yield from (one for one in (self.loaded, self.former, *beside) if one is not None)

    def only(self, number: int) -> LiveService:
        """Return the service as if one version in memory were all it has.

        Raises NotFound if it is not in memory, Unavailable if it should be and is not yet.
        """
        for loaded in self.in_memory():
            if loaded.version.number == number:
                return replace(
                    self, loaded=loaded, champion=number, problem=None, challenger=None, shadow=None
                )
        problems = {one.number: one.problem for one in self.beside}
        if self.champion is not None:
            problems[self.champion] = self.problem
        name = self.declaration.service
        if number in problems:
            raise Unavailable(problems[number] or f"Version {number} is being prepared.")
        known = ", ".join(str(one.version.number) for one in self.in_memory()) or "none"
        raise NotFound(f"Version {number} of service {name!r} is not loaded; loaded: {known}.")

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        described = {
            "service": self.declaration.service,
            "description": self.declaration.description,
            "algorithm": self.declaration.algorithm,
            "configuration_revision": self.revision,
            "version": None if self.version is None else str(self.version.number),
            "champion": None if self.champion is None else str(self.champion),
            "ready": self.ready,
            "problem": self.problem,
            **_health(self.loaded),
            "serving": msgspec.to_builtins(self.declaration.serving),
            "schema": self.schema.to_json(),
            "truth": [
                {"name": name, **field.to_json()} for name, field in self.solved.live.truth.items()
            ],
        }
        if self.challenger is not None:
            described["challenger"] = {**self.challenger.to_json(), "share": self.share}
        if self.shadow is not None:
            described["shadow"] = self.shadow.to_json()
        if self.standby is not None:
            described["standby"] = self.standby.to_json()
        return described


def _health(loaded: LoadedVersion | None) -> dict[str, Any]:
    """Tell what this process thinks of a version; another one may have seen other calls."""
    return {"circuit": None if loaded is None else loaded.circuit.state.value}
