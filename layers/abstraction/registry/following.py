"""Services that answer with another one's versions: their champion follows the lender's.

A version is immutable and found by its content, so it is registered once more, under the follower's name:
all that is about a version (aliases, batches, drift, quarantine, retention) holds for it as for any, and
its files are stored once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from minerva.errors import Conflict, MinervaError, NotFound
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.registry.records import (
    CHAMPION,
    DEFAULT_TENANT,
    Configuration,
    NewVersion,
    Served,
    Version,
)
from minerva.layers.abstraction.registry.store import AliasStore, VersionStore
from minerva.layers.abstraction.services.lending import VERSIONS_OF, form
from minerva.schema import Schema

log = structlog.get_logger()

AUTHOR = "minerva"


@dataclass
class Following:
    """Lets followers follow; any number of processes may do so at once, and one is enough."""

    versions: VersionStore
    aliases: AliasStore
    now: Callable[[], datetime]
    tell: Tell = nobody
    _seen: int | None = field(default=None)
    _refused: dict[tuple[str, str], str] = field(default_factory=dict)
    """Follower → why it cannot follow; told once."""

    def follow(self, revision: int, served: Collection[Served]) -> bool:
        """Let every follower have what its lender serves; return whether any of them was behind.

        `served` is what all services serve at a registry revision; of one that was seen already
        nothing is done.
        """
        if revision == self._seen:
            return False
        self._seen, moved = revision, False
        for follower, lent in _behind(served):
            name = follower.configuration.tenant, follower.configuration.service
            try:
                self._take(follower.configuration, lent)
                moved = True
                self._refused.pop(name, None)
            except MinervaError as error:
                if self._refused.get(name) != error.message:
                    self._refused[name] = error.message
                    facts = {"tenant": name[0], "service": name[1], "reason": error.message}
                    log.warning("version.not_followed", **facts)
        return moved

    def _take(self, configuration: Configuration, served: Version) -> None:
        lent = self.versions.get(served.tenant, served.service, served.number)
        if lent is None:
            raise NotFound(f"There is no version {served.number} of {served.service!r} any more.")
        theirs = Schema.parse(lent.manifest["schema"])
        if form(theirs) != form(Schema.parse(configuration.declaration["schema"])):
            raise Conflict(
                f"Version {lent.number} of {lent.service!r} was trained for another schema than "
                f"{configuration.service!r} declares: train {lent.service!r} anew."
            )
        own = self.versions.register(
            NewVersion(
                tenant=configuration.tenant,
                service=configuration.service,
                digest=lent.digest,
                manifest=lent.manifest,
                metrics=lent.metrics,
                configuration_revision=configuration.revision,
                job_id=None,
                created_at=self.now(),
            )
        )
        reason = f"version {lent.number} of {lent.service} serves"
        change, moved = self.aliases.point(
            own.tenant, own.service, CHAMPION, own.number, AUTHOR, reason, self.now()
        )
        if moved:
            facts = {"tenant": own.tenant, "service": own.service, "version": own.number}
            log.info("version.followed", **facts, previous=change.previous, reason=reason)
            self.tell("minerva_version_promoted", change=change)


def lender_of(configuration: Configuration) -> tuple[str, str] | None:
    """Return tenant and service whose versions it answers with; None: it has versions of its own."""
    name = configuration.declaration.get(VERSIONS_OF)
    return None if name is None else (DEFAULT_TENANT, name)


def refuse_follower(configuration: Configuration, what: str) -> None:
    """Raise Conflict for a service whose versions come from another one."""
    lender = lender_of(configuration)
    if lender is not None:
        tenant, service = lender
        whose = "" if tenant == configuration.tenant else f" of tenant {tenant!r}"
        raise Conflict(
            f"Service {configuration.service!r} answers with the versions of {service!r}{whose}: "
            f"{what} that one."
        )


def _behind(served: Collection[Served]) -> Iterator[tuple[Served, Version]]:
    """Yield followers that do not serve what their lender does, with that."""
    named = {(one.configuration.tenant, one.configuration.service): one for one in served}
    for one in named.values():
        lender = named.get(lender_of(one.configuration) or ("", ""))
        lent = None if lender is None else lender.champion
        if lent is not None and (one.champion is None or one.champion.digest != lent.digest):
            yield one, lent
