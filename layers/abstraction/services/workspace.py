"""Bringing the workspace's service files into the registry, at start and whenever a file changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from minerva.algorithm import Algorithm
from minerva.errors import Fault, MinervaError, Unavailable
from minerva.layers.abstraction.flows.among import in_order
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import CHAMPION, DEFAULT_TENANT, Configuration
from minerva.layers.abstraction.runtimes.choice import needs_data, runtime
from minerva.layers.abstraction.runtimes.choice import origin as origin_of
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.folder import (
    Among,
    Signature,
    author_of,
    read_services,
    signature,
)
from minerva.layers.abstraction.services.lending import check_lender
from minerva.layers.abstraction.services.parsing import Check, parse
from minerva.layers.abstraction.training.versioning import Versioning

log = structlog.get_logger()


Submit = Callable[[Configuration, str], object]
"""Has a job make a version of a configuration; of one idempotency key, there is one job."""


@dataclass
class WorkspaceServices:
    """The declared services, of the workspace's own tenant and others, and what is wrong with files."""

    versioning: Versioning
    catalogue: Callable[[], Catalogue]
    check: Check
    submit: Submit
    among: Among = check_lender
    author: str = "workspace"
    faults: tuple[Fault, ...] = ()
    _seen: tuple[Signature, Catalogue] | None = field(default=None)
    _made_by: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """Tenant and service → where the algorithm that made its version came from; of those without data."""

    def refresh(self) -> None:
        """Apply the files if any of them or a plugin changed since the last call, or a store was away."""
        found = (signature(self.versioning.trainer.workspace), self.catalogue())
        if found != self._seen:
            self._seen = found if self.apply() else None

    def apply(self) -> bool:
        """Declare every usable service; keep what is wrong with the others in `faults`.

        False: something was unavailable, so that the same files may be usable the next time.
        """
        workspace = self.versioning.trainer.workspace
        declared = read_services(workspace, self.check, self.among)
        faults = list(declared.problems)
        complete = True
        mine = [(DEFAULT_TENANT, declaration) for declaration in in_order(declared.services)]
        for tenant, declaration in (*mine, *declared.others):
            author = author_of(declared.files[declaration.service])
            try:
                self._declare(tenant, declaration, author)
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

    def _declare(self, tenant: str, declaration: ServiceDeclaration, author: str) -> None:
        catalogue = self.catalogue()
        algorithm = catalogue.find(declaration.algorithm)
        registry = self.versioning.registry
        configuration = registry.declare(tenant, declaration, author)
        if needs_data(catalogue, declaration) or declaration.versions_of is not None:
            return
        origin = origin_of(catalogue, declaration)
        name = tenant, declaration.service
        edited = self._made_by.get(name, origin) != origin
        if edited or self._outdated(configuration, origin):
            self._make(configuration, algorithm, origin)
        self._made_by[name] = origin

    def _make(
        self, configuration: Configuration, algorithm: Algorithm, origin: dict[str, str]
    ) -> None:
        """Make a version here and now, or by a job where foreign code would run in this process."""
        declaration = parse(configuration.declaration)
        if runtime(algorithm, declaration) == "process":
            self.submit(configuration, self._key(configuration, origin))
            return
        log.info("version.made_at_once", service=configuration.service, algorithm=algorithm.name)
        self.versioning.make(
            configuration,
            job_id=None,
            author=self.author,
            progress=_unreported,
        )

    def _key(self, configuration: Configuration, origin: dict[str, str]) -> str:
        """Return what makes one job of the wishes of several processes, and of going back another."""
        registry = self.versioning.registry
        champion = registry.aliases(configuration.tenant, configuration.service).get(CHAMPION, 0)
        facts = [configuration.service, configuration.revision, origin, champion]
        return f"at once:{digest(facts)[:32]}"

    def _outdated(self, configuration: Configuration, origin: dict[str, str]) -> bool:
        """Whether no version made from this configuration, by this plugin, was ever champion.

        One that was, and is not any more, was rolled back by a person: it stays so.
        """
        registry = self.versioning.registry
        tenant, service = configuration.tenant, configuration.service
        history = registry.alias_store.history(tenant, service, CHAMPION)
        numbers = {change.number for change in history if change.number is not None}
        champions = [registry.version(tenant, service, number) for number in numbers]
        return all(
            one.configuration_revision != configuration.revision
            or one.manifest.get("plugin", origin) != origin
            for one in champions
        )


def _unreported(fraction: float, message: str = "") -> None:
    """Nobody waits for a version that is made at once."""


def _located(service: str, error: MinervaError) -> list[Fault]:
    where = f"service {service}"
    return [Fault(f"{where} {fault.where}", fault.message) for fault in error.faults] or [
        Fault(where, error.message)
    ]
