"""The registry's use cases: declare, list, promote, roll back, retire, quarantine, release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from minerva.errors import Conflict, Fault, InvalidInput, MinervaError, NotFound
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.registry.announcing import announce
from minerva.layers.abstraction.registry.following import refuse_follower
from minerva.layers.abstraction.registry.history import named_before
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import (
    ALIASES,
    CHALLENGER,
    CHAMPION,
    AliasChange,
    Configuration,
    Quarantine,
    Version,
)
from minerva.layers.abstraction.registry.refusals import refuse_unfit
from minerva.layers.abstraction.registry.store import (
    AliasStore,
    ConfigurationStore,
    QuarantineStore,
    VersionStore,
)
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.spelling import question

log = structlog.get_logger()

FIRST_SHARE = 10.0
"""Percent of the calls that a challenger answers if nobody says how many."""
WHOLE = 100.0


@dataclass(frozen=True)
class Registry:
    """Services, versions and aliases of one tenant at a time."""

    configurations: ConfigurationStore
    version_store: VersionStore
    alias_store: AliasStore
    quarantine_store: QuarantineStore
    prove: Callable[[Version], object]
    """Loads a version and has it repeat its goldens; raises if it cannot."""
    now: Callable[[], datetime]
    tell: Tell = nobody
    """Told of each change once, after it is kept, by the process that made it."""

    def declare(self, tenant: str, declaration: ServiceDeclaration, author: str) -> Configuration:
        """Make a declaration the newest configuration; the same one again changes nothing."""
        plain, now = declaration.to_json(), self.now()
        configuration = self.configurations.declare(
            tenant, declaration.service, digest(plain), plain, author, now, declaration.reason
        )
        if configuration.created_at == now:  # of many who declare it at once, one added it
            announce(configuration, self.tell)
        return configuration

    def derive(
        self, newest: Configuration, declaration: ServiceDeclaration, author: str, reason: str
    ) -> Configuration:
        """Put another declaration in the place of the newest one, until the file changes.

        Raises Conflict if that is not the newest one any more.
        """
        plain = declaration.to_json()
        derived = self.configurations.derive(
            newest, digest(plain), plain, author, self.now(), reason
        )
        announce(derived, self.tell)
        return derived

    def configuration(self, tenant: str, service: str) -> Configuration:
        """Return a service's newest configuration. Raises NotFound."""
        configuration = self.configurations.latest(tenant, service)
        if configuration is None:
            names = [one.service for one in self.configurations.list_latest(tenant)]
            raise NotFound(f"There is no service {service!r}.{question(service, names)}")
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

    def champion(self, tenant: str, service: str, moment: datetime | None = None) -> int | None:
        """Return the champion's number, that of a moment if one is named; one that came later for none.

        Raises NotFound for an unknown service.
        """
        now = self.aliases(tenant, service).get(CHAMPION)
        if moment is None:
            return now
        history = self.alias_store.history(tenant, service, CHAMPION)
        then = next((change.number for change in history if change.created_at <= moment), None)
        return now if then is None else then

    def alias_changes(self, tenant: str, service: str) -> Mapping[str, AliasChange]:
        """Return alias → how it came to its version, with its share. Raises as `aliases`."""
        self.configuration(tenant, service)
        return self.alias_store.latest(tenant, service)

    def quarantined(self, tenant: str, service: str) -> Mapping[int, Quarantine]:
        """Return version number → why it must not serve. Raises as `aliases`."""
        self.configuration(tenant, service)
        return self.quarantine_store.list(tenant, service)

    def promote(
        self,
        tenant: str,
        service: str,
        number: int,
        *,
        alias: str = CHAMPION,
        share: float | None = None,
        author: str,
        reason: str = "",
    ) -> AliasChange:
        """Point an alias at a version that proves itself first, or change a challenger's share.

        `share` is the percentage of calls that a challenger answers, 10 unless told. A champion has no
        other alias any longer. Raises NotFound, InvalidInput, and Conflict for a version
        that is pruned, in quarantine or cannot repeat its goldens, and for a champion that follows
        another service's.
        """
        _demand_alias(alias)
        percent = _share(alias, share)
        if alias == CHAMPION:
            refuse_follower(self.configuration(tenant, service), "promote one of")
        version = self.version(tenant, service, number)
        refuse_unfit(version, self.quarantine_store.list(tenant, service).get(number))
        self.prove(version)
        change, moved = self.alias_store.point(
            tenant, service, alias, number, author, reason, self.now(), share=percent
        )
        self._settle("promoted", change, moved=moved)
        return change

    def rollback(self, tenant: str, service: str, *, author: str, reason: str = "") -> AliasChange:
        """Return the champion to the last version before it that may serve.

        Raises Conflict if there is none, if it cannot repeat its goldens, or if somebody moved the
        champion elsewhere meanwhile.
        """
        refuse_follower(self.configuration(tenant, service), "roll back")
        present = self.aliases(tenant, service).get(CHAMPION)
        version = next(self._good_before(tenant, service), None)
        if version is None:
            raise Conflict(
                f"Service {service!r} has no champion before the present one that may serve: "
                f"minerva versions {service} shows what there is."
            )
        self.prove(version)
        change, moved = self._crown(version, present, author, reason or "rollback")
        if change.number != version.number:
            raise Conflict(
                f"The champion of {service!r} was moved to version {change.number} meanwhile: "
                "look whether you still want to roll back."
            )
        self._settle("rolled_back", change, moved=moved)
        return change

    def retire_alias(
        self, tenant: str, service: str, alias: str, *, author: str, reason: str = ""
    ) -> AliasChange:
        """Take an alias away. Raises NotFound if it names nothing, Conflict for the champion."""
        _demand_alias(alias)
        self.configuration(tenant, service)
        if alias == CHAMPION:
            raise Conflict(
                "A champion cannot be taken away: promote another version, or roll back."
            )
        change, moved = self.alias_store.point(
            tenant, service, alias, None, author, reason, self.now()
        )
        if not moved:
            raise NotFound(f"Service {service!r} has no {alias}.")
        _log("alias.retired", change)
        return change

    def quarantine(
        self, tenant: str, service: str, number: int, *, author: str, reason: str
    ) -> AliasChange | None:
        """Keep a version from serving: no alias names it any longer, champion neither if possible.

        Returns the movement of the champion to the last good version, if this call made it; None if
        the version is not champion (any more), and if there is no good one: then it stays champion
        and callers' breakers answer for it. Any number of processes may ask at once, and one that
        was interrupted may be followed by another. Raises NotFound.
        """
        self.version(tenant, service, number)
        quarantine = Quarantine(tenant, service, number, author, reason, self.now())
        added = self.quarantine_store.add(quarantine)
        if added:
            facts = {"tenant": tenant, "service": service, "version": number}
            log.warning("version.quarantined", **facts, author=author, reason=reason)
        try:
            change = self._withdraw(quarantine)
        finally:
            if added:  # told last: a slow plugin must not hold up the good version
                self.tell("minerva_version_quarantined", quarantine=quarantine)
        if change is not None:
            self._settle("rolled_back", change, moved=True)
        return change

    def release(
        self, tenant: str, service: str, number: int, *, author: str, reason: str = ""
    ) -> Quarantine:
        """Let a version be promoted again and return the quarantine that it was in.

        Raises NotFound for an unknown version, Conflict for one that is not in quarantine.
        """
        self.version(tenant, service, number)
        lifted = self.quarantine_store.remove(tenant, service, number)
        if lifted is None:
            raise Conflict(f"Version {number} of {service!r} is not in quarantine.")
        facts = {"tenant": tenant, "service": service, "version": number}
        log.info("version.released", **facts, author=author, reason=reason)
        return lifted

    def _withdraw(self, quarantine: Quarantine) -> AliasChange | None:
        """Take every alias off a quarantined version; return the champion's movement."""
        tenant, service, number = quarantine.tenant, quarantine.service, quarantine.number
        author, reason = (
            quarantine.author,
            f"version {number} is in quarantine: {quarantine.reason}",
        )
        self._vacate(tenant, service, number, author, reason)
        if self.alias_store.current(tenant, service).get(CHAMPION) != number:
            return None
        for version in self._good_before(tenant, service):
            if self._proves(version):
                change, moved = self._crown(version, number, author, reason)
                return change if moved else None
        log.error("champion.without_successor", tenant=tenant, service=service, version=number)
        return None

    def _proves(self, version: Version) -> bool:
        facts = {"tenant": version.tenant, "service": version.service, "version": version.number}
        try:
            self.prove(version)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            reason = error.message if isinstance(error, MinervaError) else type(error).__name__
            log.warning("version.not_proved", **facts, reason=reason)
            return False
        return True

    def _good_before(self, tenant: str, service: str) -> Iterator[Version]:
        """Yield the champions before the present one that may serve, the nearest first."""
        bad = self.quarantine_store.list(tenant, service)
        for number in named_before(self.alias_store.history(tenant, service, CHAMPION)):
            version = self.version_store.get(tenant, service, number)
            if version is not None and version.pruned_at is None and number not in bad:
                yield version

    def _crown(
        self, version: Version, instead_of: int | None, author: str, reason: str
    ) -> tuple[AliasChange, bool]:
        """Make a version champion unless somebody else has moved the champion meanwhile."""
        return self.alias_store.point(
            version.tenant,
            version.service,
            CHAMPION,
            version.number,
            author,
            reason,
            self.now(),
            only_from=instead_of,
            back=True,
        )

    def _vacate(self, tenant: str, service: str, number: int, author: str, reason: str) -> None:
        """Take every alias but the champion away from this version."""
        current = self.alias_store.current(tenant, service)
        for alias in ALIASES:
            if alias != CHAMPION and current.get(alias) == number:
                change, moved = self.alias_store.point(
                    tenant, service, alias, None, author, reason, self.now(), only_from=number
                )
                if moved:
                    _log("alias.retired", change)

    def _settle(self, what: str, change: AliasChange, *, moved: bool) -> None:
        """Log and tell a movement; a champion needs no other alias."""
        if moved:
            _log(f"version.{what}", change)
            self.tell(f"minerva_version_{what}", change=change)
        if change.alias == CHAMPION and change.number is not None:
            reason = f"version {change.number} is champion"
            self._vacate(change.tenant, change.service, change.number, change.author, reason)


def _log(event: str, change: AliasChange) -> None:
    log.info(
        event,
        tenant=change.tenant,
        service=change.service,
        version=change.number,
        previous=change.previous,
        alias=change.alias,
        author=change.author,
        reason=change.reason,
        **({} if change.share is None else {"share": change.share}),
    )


def _demand_alias(alias: str) -> None:
    if alias not in ALIASES:
        message = f"not an alias; there is {', '.join(ALIASES)}"
        raise InvalidInput(f"There is no alias {alias!r}.", faults=[Fault("/alias", message)])


def _share(alias: str, share: float | None) -> float | None:
    """Return the share to keep: a challenger has one, other aliases have none."""
    if alias != CHALLENGER:
        if share is None:
            return None
        fault = Fault("/share", "only a challenger has a share")
        raise InvalidInput(f"A {alias} has no share of the calls.", faults=[fault])
    if share is None:
        return FIRST_SHARE
    if not 0 < share <= WHOLE:  # NaN too
        fault = Fault("/share", "expected a number above 0 and at most 100")
        raise InvalidInput("A share is the percentage of calls to answer.", faults=[fault])
    return float(share)
