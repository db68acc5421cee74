"""The registry's use cases: declare, list, promote, roll back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from minerva.errors import Conflict, Fault, InvalidInput, NotFound
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import (
    CHAMPION,
    AliasChange,
    Configuration,
    Version,
)
from minerva.layers.abstraction.registry.store import (
    AliasStore,
    ConfigurationStore,
    VersionStore,
)
from minerva.layers.abstraction.services.declaration import ServiceDeclaration

log = structlog.get_logger()

ALIASES = (CHAMPION,)
"""Aliases that mean something; others would be accepted and then ignored."""


@dataclass(frozen=True)
class Registry:
    """Services, versions and aliases of one tenant at a time."""

    configurations: ConfigurationStore
    version_store: VersionStore
    alias_store: AliasStore
    prove: Callable[[Version], object]
    """Loads a version and has it repeat its goldens; raises if it cannot."""
    now: Callable[[], datetime]

    def declare(self, tenant: str, declaration: ServiceDeclaration, author: str) -> Configuration:
        """Make a declaration the newest configuration; the same one again changes nothing."""
        plain = declaration.to_json()
        before = self.configurations.latest(tenant, declaration.service)
        configuration = self.configurations.declare(
            tenant, declaration.service, digest(plain), plain, author, self.now()
        )
        if before is None or before.revision != configuration.revision:
            log.info(
                "service.declared",
                tenant=tenant,
                service=declaration.service,
                revision=configuration.revision,
                author=author,
            )
        return configuration

    def configuration(self, tenant: str, service: str) -> Configuration:
        """Return a service's newest configuration. Raises NotFound."""
        configuration = self.configurations.latest(tenant, service)
        if configuration is None:
            raise NotFound(f"There is no service {service!r}.")
        return configuration

    def versions(self, tenant: str, service: str) -> Sequence[Version]:
        """Return all versions, newest first. Raises NotFound for an unknown service."""
        self.configuration(tenant, service)
        return self.version_store.list(tenant, service)

    def version(self, tenant: str, service: str, number: int) -> Version:
        """Return one version. Raises NotFound."""
        version = self.version_store.get(tenant, service, number)
        if version is None:
            raise NotFound(f"Service {service!r} has no version {number}.")
        return version

    def aliases(self, tenant: str, service: str) -> dict[str, int]:
        """Return alias → version number. Raises NotFound for an unknown service."""
        self.configuration(tenant, service)
        return self.alias_store.current(tenant, service)

    def promote(
        self,
        tenant: str,
        service: str,
        number: int,
        *,
        alias: str = CHAMPION,
        author: str,
        reason: str = "",
    ) -> AliasChange:
        """Point an alias at a version that proves itself first. Raises NotFound, Conflict."""
        if alias not in ALIASES:
            message = f"not an alias; there is {', '.join(ALIASES)}"
            raise InvalidInput(f"There is no alias {alias!r}.", faults=[Fault("/alias", message)])
        version = self.version(tenant, service, number)
        self.prove(version)
        change = self.alias_store.point(tenant, service, alias, number, author, reason, self.now())
        log.info(
            "version.promoted",
            tenant=tenant,
            service=service,
            version=number,
            previous=change.previous,
            alias=alias,
            author=author,
            reason=reason,
        )
        return change

    def rollback(self, tenant: str, service: str, *, author: str, reason: str = "") -> AliasChange:
        """Return the champion to the version before it. Raises Conflict if there was none."""
        self.configuration(tenant, service)
        before = _before(self.alias_store.history(tenant, service, CHAMPION))
        if before is None:
            raise Conflict(f"Service {service!r} has no champion before the present one.")
        return self.promote(tenant, service, before, author=author, reason=reason or "rollback")


def _before(history: Sequence[AliasChange]) -> int | None:
    """Walk the history (newest first) back past rollbacks: rolling back twice goes two back."""
    stack: list[int] = []
    for change in reversed(history):
        if change.number in stack:
            del stack[stack.index(change.number) + 1 :]
        else:
            stack.append(change.number)
    return stack[-2] if len(stack) > 1 else None
