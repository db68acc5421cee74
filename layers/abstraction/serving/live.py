"""What this process serves: an immutable picture that is replaced as a whole, never changed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import structlog

from minerva.errors import MinervaError, NotFound, Unavailable
from minerva.layers.abstraction.registry.records import Configuration, Served, Version
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.loading import LoadedVersion, Loader
from minerva.schema import Schema

log = structlog.get_logger()

Name = tuple[str, str]
"""Tenant and service."""


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

    @property
    def version(self) -> Version | None:
        """The version that answers."""
        return None if self.loaded is None else self.loaded.version

    @property
    def schema(self) -> Schema:
        """The schema that callers must fit: the serving version's, else the declared one."""
        return self.declaration.schema if self.loaded is None else self.loaded.schema

    @property
    def ready(self) -> bool:
        """Whether there is nothing to serve yet, or a proven version serves."""
        return self.loaded is not None or self.champion is None

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "service": self.declaration.service,
            "description": self.declaration.description,
            "algorithm": self.declaration.algorithm,
            "configuration_revision": self.revision,
            "version": None if self.version is None else str(self.version.number),
            "champion": None if self.champion is None else str(self.champion),
            "ready": self.ready,
            "problem": self.problem,
            "schema": self.schema.to_json(),
        }


@dataclass(frozen=True)
class Readiness:
    """Whether every champion has proved its goldens in this process, or an older version still serves."""

    ready: bool
    services: list[dict[str, Any]]


@dataclass
class LiveServices:
    """The current picture, and how to renew it. Reading needs no lock: one reference is swapped."""

    registry: RevisionStore
    loader: Loader
    problems: Callable[[], list[dict[str, str]]] = list
    """Broken service files and plugins, for whoever lists services."""
    retry_after_s: float = 0
    """How long a version that could not be loaded is left alone while the registry does not change."""
    revision: int = -1
    _picture: Mapping[Name, LiveService] = field(default_factory=dict)
    _retry_at: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, tenant: str, service: str) -> LiveService:
        """Return a service. Raises NotFound."""
        found = self._picture.get((tenant, service))
        if found is None:
            names = [name for owner, name in self._picture if owner == tenant]
            close = get_close_matches(service, names, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise NotFound(f"There is no service {service!r}.{hint}")
        return found

    def all(self, tenant: str) -> list[LiveService]:
        """Return a tenant's services, by name."""
        return [live for (owner, _), live in sorted(self._picture.items()) if owner == tenant]

    def readiness(self) -> Readiness:
        """Tell whether this process may be sent requests."""
        services = [
            {"service": name, "tenant": tenant, "ready": live.ready, "problem": live.problem}
            for (tenant, name), live in sorted(self._picture.items())
        ]
        return Readiness(self.revision >= 0 and all(s["ready"] for s in services), services)

    def refresh(self) -> bool:
        """Look at the registry; load, prove and swap what changed. True if the picture is new.

        A version that cannot be loaded leaves the one before serving, and is tried again later.
        """
        with self._lock:
            if self.registry.current() == self.revision and time.monotonic() < self._retry_at:
                return False
            revision, served = self.registry.served()
            renewed = [live for one in served if (live := self._renew(one)) is not None]
            picture = {(live.tenant, live.declaration.service): live for live in renewed}
            incomplete = any(live.problem is not None for live in picture.values())
            self._retry_at = time.monotonic() + self.retry_after_s if incomplete else math.inf
            self._picture = picture
            if revision != self.revision:
                log.info("registry.refreshed", revision=revision, services=len(picture))
            self.revision = revision
            return True

    def catch_up(self) -> None:
        """Refresh at once if the registry has moved on, without waiting for the watcher's next look."""
        try:
            if self.registry.current() != self.revision:
                self.refresh()
        except Unavailable as error:
            log.warning("registry.away", reason=error.message)

    def _renew(self, served: Served) -> LiveService | None:
        configuration, champion = served.configuration, served.champion
        before = self._picture.get((configuration.tenant, configuration.service))
        if before is not None and _same(before, served):
            return before
        try:
            declaration = parse(configuration.declaration)
        except MinervaError as error:  # declared by another release of Minerva
            return _kept(before, configuration, error)
        loaded, problem = self._load(before, champion)
        return LiveService(
            tenant=configuration.tenant,
            declaration=declaration,
            revision=configuration.revision,
            loaded=loaded,
            champion=None if champion is None else champion.number,
            problem=problem,
            slots=_slots(declaration, before),
        )

    def _load(
        self, before: LiveService | None, champion: Version | None
    ) -> tuple[LoadedVersion | None, str | None]:
        kept = None if before is None else before.loaded
        if champion is None:
            return None, None
        if kept is not None and kept.version.digest == champion.digest:
            return kept, None
        facts = {"tenant": champion.tenant, "service": champion.service, "version": champion.number}
        try:
            loaded = self.loader.load(champion)
        except (Exception, SystemExit) as error:  # one broken version must harm only its service
            reason = error.message if isinstance(error, MinervaError) else type(error).__name__
            problem = f"Version {champion.number} cannot be served: {reason}"
            if before is None or before.problem != problem:
                log.error("version.refused", **facts, reason=reason, exc_info=_unforeseen(error))
            return kept, problem
        log.info("version.loaded", **facts, job_id=champion.job_id)
        return loaded, None


def _kept(
    before: LiveService | None, configuration: Configuration, error: MinervaError
) -> LiveService | None:
    problem = f"Configuration {configuration.revision} cannot be used: {error.message}"
    if before is None or before.problem != problem:
        log.error(
            "configuration.refused",
            tenant=configuration.tenant,
            service=configuration.service,
            reason=str(error),
        )
    return None if before is None else replace(before, problem=problem)


def _unforeseen(error: BaseException) -> BaseException | None:
    """What deserves a stack trace in the log: not what has said clearly what is wrong."""
    return None if isinstance(error, MinervaError) else error


def _same(before: LiveService, served: Served) -> bool:
    champion = None if served.champion is None else served.champion.number
    return (
        before.problem is None
        and before.revision == served.configuration.revision
        and before.champion == champion
    )


def _slots(
    declaration: ServiceDeclaration, before: LiveService | None
) -> threading.BoundedSemaphore | None:
    """Keep the places while the limit stays: calls in progress hold some of them."""
    limit = declaration.serving.max_concurrency
    if before is not None and before.declaration.serving.max_concurrency == limit:
        return before.slots
    return None if limit is None else threading.BoundedSemaphore(limit)
