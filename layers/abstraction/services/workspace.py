"""Bringing the workspace's service files into the registry, at start and whenever a file changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from minerva.algorithm import Algorithm
from minerva.errors import Fault, MinervaError, Unavailable
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.registry.records import CHAMPION, DEFAULT_TENANT, Configuration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.folder import Signature, read_services, signature
from minerva.layers.abstraction.training.versioning import Versioning

log = structlog.get_logger()


@dataclass
class WorkspaceServices:
    """The declared services of the default tenant, and what is wrong with the other files."""

    versioning: Versioning
    catalogue: Callable[[], Catalogue]
    author: str = "workspace"
    faults: tuple[Fault, ...] = ()
    _seen: Signature | None = field(default=None)

    def refresh(self) -> None:
        """Apply the files if any of them changed since the last call, or some store was away."""
        found = signature(self.versioning.trainer.workspace)
        if found != self._seen:
            self._seen = found if self.apply() else None

    def apply(self) -> bool:
        """Declare every usable service; keep what is wrong with the others in `faults`.

        False: something was unavailable, so that the same files may be usable the next time.
        """
        declared = read_services(self.versioning.trainer.workspace, self.versioning.check)
        faults = list(declared.problems)
        complete = True
        for declaration in declared.services:
            try:
                self._declare(declaration)
            except MinervaError as error:
                complete = complete and not isinstance(error, Unavailable)
                faults.extend(_located(declaration.service, error))
        for fault in faults:
            log.error("service.refused", where=fault.where, reason=fault.message)
        self.faults = tuple(faults)
        return complete

    def problems(self) -> list[dict[str, str]]:
        """Return broken service files and plugins, as `/v1/services` lists them."""
        faults = (*self.faults, *self.catalogue().problems)
        return [{"where": fault.where, "message": fault.message} for fault in faults]

    def _declare(self, declaration: ServiceDeclaration) -> None:
        algorithm = self.catalogue().find(declaration.algorithm)
        registry = self.versioning.registry
        configuration = registry.declare(DEFAULT_TENANT, declaration, self.author)
        if not algorithm.needs_data and self._outdated(configuration):
            self._make(configuration, algorithm)

    def _make(self, configuration: Configuration, algorithm: Algorithm) -> None:
        log.info("version.made_at_once", service=configuration.service, algorithm=algorithm.name)
        self.versioning.make(
            configuration,
            job_id=None,
            author=self.author,
            progress=_unreported,
        )

    def _outdated(self, configuration: Configuration) -> bool:
        """Whether no version made from this configuration was ever champion.

        One that was, and is not any more, was rolled back by a person: it stays so.
        """
        registry = self.versioning.registry
        tenant, service = configuration.tenant, configuration.service
        history = registry.alias_store.history(tenant, service, CHAMPION)
        champions = [registry.version(tenant, service, change.number) for change in history]
        return all(one.configuration_revision != configuration.revision for one in champions)


def _unreported(fraction: float, message: str = "") -> None:
    """Nobody waits for a version that is made at once."""


def _located(service: str, error: MinervaError) -> list[Fault]:
    where = f"service {service}"
    return [Fault(f"{where} {fault.where}", fault.message) for fault in error.faults] or [
        Fault(where, error.message)
    ]
