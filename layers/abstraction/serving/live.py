"""What this process serves: an immutable picture that is replaced as a whole, never changed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import structlog

from minerva.errors import NotFound, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.registry.records import Configuration, Version
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.renewal import Renewal
from minerva.layers.abstraction.serving.terms import Terms

log = structlog.get_logger()

Name = tuple[str, str]
"""Tenant and service."""


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
    tell: Tell = nobody
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

    def holds(self, version: Version, terms: Terms) -> bool:
        """Tell whether a version is loaded here under these terms: it has repeated its goldens then."""
        live = self._picture.get((version.tenant, version.service))
        held = () if live is None else tuple(live.in_memory())
        return any(one.version.digest == version.digest and one.terms == terms for one in held)

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
            renewals = [
                Renewal(self.loader.load, self.tell, self._before(one.configuration), one)
                for one in served
            ]
            renewed = [live for one in renewals if (live := one.make()) is not None]
            picture = {(live.tenant, live.declaration.service): live for live in renewed}
            incomplete = not all(live.whole for live in picture.values())
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

    def _before(self, configuration: Configuration) -> LiveService | None:
        return self._picture.get((configuration.tenant, configuration.service))
