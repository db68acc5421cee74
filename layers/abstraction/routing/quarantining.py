"""Taking a failing version out of service, off the request path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.registry import Registry

log = structlog.get_logger()

AUTHOR = "circuit breaker"


@dataclass(frozen=True)
class Quarantining:
    """Marks the version in the registry, which returns to the last good champion."""

    registry: Registry
    catch_up: Callable[[], None]
    """Has this process look at the registry at once; the others do so within a second."""

    def __call__(self, version: Version, reason: str) -> None:
        """Return at once; whoever else quarantines the same version does no harm."""
        threading.Thread(
            target=self._quarantine, args=(version, reason), name="quarantine", daemon=True
        ).start()

    def _quarantine(self, version: Version, reason: str) -> None:
        try:
            self.registry.quarantine(
                version.tenant, version.service, version.number, author=AUTHOR, reason=reason
            )
            self.catch_up()
        except MinervaError as error:
            log.error("quarantine.failed", version=version.number, reason=error.message)
