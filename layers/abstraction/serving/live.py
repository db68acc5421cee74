"""What this process serves: an immutable picture that is replaced as a whole, never changed.

A look at the registry never waits for a version to be loaded. Else one service's new version, whose
environment takes minutes to build, would keep another one's rollback from being seen for as long.
So a look swaps in what is in memory, asks for the rest and ends; a version that arrives has its own
service renewed by what the registry said last. If it is not named any more, it is let go of then.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from minerva.errors import NotFound, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.registry.records import Served, Version
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.serving.arrivals import Arrival, Arrivals
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.loading import LoadedVersion, Loader
from minerva.layers.abstraction.serving.renewal import Renewal
from minerva.layers.abstraction.serving.terms import Terms
from minerva.spelling import question

log = structlog.get_logger()

Name = tuple[str, str]
"""Tenant and service."""
FIRST_S = 10.0
"""A call to a service without a version waits for its first one, if it was asked for so lately."""


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
    _served: Mapping[Name, Served] = field(default_factory=dict)
    _picture: Mapping[Name, LiveService] = field(default_factory=dict)
    _retry_at: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        """Load nothing yet."""
        self._arrivals = Arrivals(self._load, self._arrived)

    def get(self, tenant: str, service: str) -> LiveService | None:
        """Return a service, None if there is none."""
        return self._picture.get((tenant, service))

    def find(self, tenant: str, service: str) -> LiveService:
        """Return a service. Raises NotFound."""
        found = self.get(tenant, service)
        if found is None:
            names = [name for owner, name in self._picture if owner == tenant]
            raise NotFound(f"There is no service {service!r}.{question(service, names)}")
        return found

    def all(self, tenant: str) -> list[LiveService]:
        """Return a tenant's services, by name."""
        return [live for (owner, _), live in sorted(self._picture.items()) if owner == tenant]

    @property
    def served(self) -> Collection[Served]:
        """What the registry named at the last look: every tenant's services and versions."""
        return self._served.values()

    def serves(self, service: str) -> bool:
        """Tell whether any tenant's service of this name has a version here."""
        named = (live for (_, name), live in self._picture.items() if name == service)
        return any(live.loaded is not None for live in named)

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

    def refresh(self, patience_s: float = math.inf) -> bool:
        """Look at the registry; swap what changed. True if the picture is new.

        What must be loaded and proven first is swapped in when it is; this waits for it, but no longer
        than `patience_s`. A version that cannot be loaded leaves the one before serving, and is tried
        again later.
        """
        until = time.monotonic() + patience_s
        new = self._look()
        for arrival in self._arrivals.on_their_way():
            _wait(arrival, until)
        return new

    def catch_up(self) -> None:
        """Look at once if the registry has moved on, without waiting for the watcher's next look."""
        try:
            if self.registry.current() != self.revision:
                self._look()
        except Unavailable as error:
            log.warning("registry.away", reason=error.message)

    def first(self, tenant: str, service: str, patience_s: float) -> LiveService:
        """Return a service that has served nothing so far: with its first version, if that is near.

        Raises NotFound.
        """
        self.catch_up()
        until = time.monotonic() + patience_s
        for arrival in self._arrivals.on_their_way():
            if (arrival.version.tenant, arrival.version.service) == (tenant, service):
                _wait(arrival, min(until, arrival.asked_at + FIRST_S))
        return self.find(tenant, service)

    def _look(self) -> bool:
        with self._lock:
            if self.registry.current() == self.revision and time.monotonic() < self._retry_at:
                return False
            revision, moved = self._read()
            self._arrivals.forget_ended()
            renewed = {name: self._renewed(name) for name in self._unsettled(moved)}
            here = {name: live for name, live in renewed.items() if live is not None}
            before = {name: live for name, live in self._picture.items() if name in self._served}
            self._swap({**before, **here})
            if revision != self.revision:
                log.info("registry.refreshed", revision=revision, services=len(self._picture))
            self.revision = revision
            return True

    def _read(self) -> tuple[int, Collection[Name]]:
        """Take over what the registry names: of what changed, or of everything if that is not known."""
        since = self.registry.served_since(self.revision) if self.revision >= 0 else None
        revision, served = since or self.registry.served()
        named = {(one.configuration.tenant, one.configuration.service): one for one in served}
        self._served = named if since is None else {**self._served, **named}
        return revision, named

    def _unsettled(self, moved: Collection[Name]) -> Iterator[Name]:
        """Give the services that changed, and those that do not serve what they should yet."""
        for name in self._served:
            live = self._picture.get(name)
            if name in moved or live is None or not live.whole:
                yield name

    def _load(self, version: Version, terms: Terms) -> LoadedVersion:
        return self.loader.load(version, terms)

    def _arrived(self, arrival: Arrival) -> None:
        """Renew the service that an arrival is for; it does nothing if that has no use for it now."""
        name = arrival.version.tenant, arrival.version.service
        with self._lock:
            live = self._renewed(name) if name in self._served else None
            if live is not None:
                self._swap({**self._picture, name: live})
            if isinstance(arrival.outcome, LoadedVersion):
                self._arrivals.forget(arrival)

    def _renewed(self, name: Name) -> LiveService | None:
        before, served = self._picture.get(name), self._served[name]
        return Renewal(self._arrivals.of, self.tell, before, served).make()

    def _swap(self, picture: Mapping[Name, LiveService]) -> None:
        whole = all(live.whole for live in picture.values())
        self._retry_at = math.inf if whole else time.monotonic() + self.retry_after_s
        self._picture = picture


def _wait(arrival: Arrival, until: float) -> None:
    left = until - time.monotonic()
    arrival.ended.wait(None if left == math.inf else max(0.0, left))
