"""All that starts jobs by itself, of all services, as the newest configurations declare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.schedules.schedule import Starter, starters
from minerva.layers.abstraction.services.parsing import parse

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServiceStarters:
    """What one service's newest configuration declares."""

    revision: int
    starters: tuple[Starter, ...]


Services = Mapping[tuple[str, str], ServiceStarters]
"""Tenant and service → what it declares; without services whose declaration cannot be read."""


class Starters:
    """Reads the registry when it has changed, which is seldom; not while nothing has."""

    def __init__(self, revision: RevisionStore) -> None:
        self._revision = revision
        self._read_at: int | None = None
        self._services: Services = {}

    def __call__(self) -> Services:
        """Return what is declared now."""
        if self._revision.current() != self._read_at:
            self._read_at, self._services = self._read()
        return self._services

    def _read(self) -> tuple[int, Services]:
        at, configurations = self._revision.declared()
        services: dict[tuple[str, str], ServiceStarters] = {}
        for configuration in configurations:
            key = configuration.tenant, configuration.service
            try:
                found = tuple(starters(configuration, parse(configuration.declaration)))
                services[key] = ServiceStarters(configuration.revision, found)
            except MinervaError as error:  # of one service; the others' schedules go on
                log.warning("schedule.unreadable", service=key[1], reason=error.message)
        return at, services
