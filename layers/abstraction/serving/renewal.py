"""From what the registry names to a LiveService, asking only for what is not in memory already."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.callbacks.tell import Tell
from minerva.layers.abstraction.registry.records import (
    CHALLENGER,
    CHAMPION,
    SHADOW,
    STANDBY,
    Configuration,
    Served,
    Version,
)
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.arrivals import Arrival
from minerva.layers.abstraction.serving.live_service import Contender, LiveService
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.layers.abstraction.serving.terms import Terms

log = structlog.get_logger()


@dataclass(frozen=True)
class Renewal:
    """One look at one service: what was served before, and what shall be. Waits for nothing."""

    arrival_of: Callable[[Version, Terms], Arrival]
    tell: Tell
    before: LiveService | None
    served: Served

    def make(self) -> LiveService | None:
        """Return the service as it shall be served; the one before if nothing concerns it.

        None: its configuration cannot be used, and there was none before.
        """
        if self.before is not None and self._unchanged(self.before):
            return self.before
        configuration = self.served.configuration
        try:
            declaration = parse(configuration.declaration)
        except MinervaError as error:  # declared by another release of Minerva
            return _kept(self.before, configuration, error)
        terms = Terms.of(declaration)
        champion = self.served.champion
        loaded, problem = self._serving(champion, terms)
        return LiveService(
            tenant=configuration.tenant,
            declaration=declaration,
            revision=configuration.revision,
            loaded=loaded,
            champion=None if champion is None else champion.number,
            problem=problem,
            slots=_slots(declaration, self.before),
            challenger=self._contender(CHALLENGER, self.served.challenger, terms),
            share=self.served.share,
            shadow=self._contender(SHADOW, self.served.shadow, terms),
            standby=self._contender(STANDBY, self.served.standby, terms),
            former=self._former(loaded),
        )

    def _unchanged(self, before: LiveService) -> bool:
        served = self.served
        return (
            before.whole
            and before.revision == served.configuration.revision
            and before.champion == _number(served.champion)
            and _contends(before.challenger) == _number(served.challenger)
            and before.share == served.share
            and _contends(before.shadow) == _number(served.shadow)
            and _contends(before.standby) == _number(served.standby)
        )

    def _serving(
        self, champion: Version | None, terms: Terms
    ) -> tuple[LoadedVersion | None, str | None]:
        """Return the champion, or the version that served before with the problem of the champion."""
        if champion is None:
            return None, None
        loaded, problem = self._obtain(CHAMPION, champion, terms)
        if loaded is None and self.before is not None:
            return self.before.loaded, problem
        return loaded, problem

    def _contender(self, alias: str, version: Version | None, terms: Terms) -> Contender | None:
        if version is None:
            return None
        loaded, problem = self._obtain(alias, version, terms)
        before = self._contender_before(alias, version)
        if loaded is None and before is not None:  # it is the same one, under other terms
            loaded = before.loaded
        return Contender(version.number, loaded, problem)

    def _contender_before(self, alias: str, version: Version) -> Contender | None:
        if self.before is None:
            return None
        before: Contender | None = getattr(self.before, alias)
        return before if before is not None and before.number == version.number else None

    def _obtain(
        self, alias: str, version: Version, terms: Terms
    ) -> tuple[LoadedVersion | None, str | None]:
        """Return the version if it is here, else the problem that it is not."""
        at_hand = () if self.before is None else tuple(self.before.in_memory())
        for loaded in at_hand:
            if loaded.version.digest == version.digest and loaded.terms == terms:
                return loaded, None
        outcome = self.arrival_of(version, terms).outcome
        if outcome is None:
            said = self._said_of(alias, version)
            return None, said or f"Version {version.number} is being prepared."
        facts = {
            "tenant": version.tenant,
            "service": version.service,
            "version": version.number,
            "alias": alias,
        }
        if isinstance(outcome, BaseException):  # one broken version must harm only its service
            return None, self._refused(outcome, facts, version)
        log.info("version.loaded", **facts, job_id=version.job_id)
        self.tell("minerva_version_ready", version=version, alias=alias)
        return outcome, None

    def _refused(self, error: BaseException, facts: dict[str, Any], version: Version) -> str:
        """Return the problem; it is logged once, not at each look."""
        problem = f"Version {version.number} cannot be served: {_reason(error)}"
        if self._said_of(facts["alias"], version) != problem:
            exc_info = _unforeseen(error)
            log.error("version.refused", **facts, reason=_reason(error), exc_info=exc_info)
        return problem

    def _said_of(self, alias: str, version: Version) -> str | None:
        """Return the problem that this version had so far."""
        if alias == CHAMPION:
            if self.before is None or self.before.champion != version.number:
                return None
            return self.before.problem
        contender = self._contender_before(alias, version)
        return None if contender is None else contender.problem

    def _former(self, loaded: LoadedVersion | None) -> LoadedVersion | None:
        """Return the champion that was loaded before this one."""
        before = self.before
        if before is None:
            return None
        return before.former if before.loaded is loaded else before.loaded


def _number(version: Version | None) -> int | None:
    return None if version is None else version.number


def _contends(contender: Contender | None) -> int | None:
    return None if contender is None else contender.number


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


def _reason(error: BaseException) -> str:
    return error.message if isinstance(error, MinervaError) else type(error).__name__


def _unforeseen(error: BaseException) -> BaseException | None:
    """What deserves a stack trace in the log: not what has said clearly what is wrong."""
    return None if isinstance(error, MinervaError) else error


def _slots(
    declaration: ServiceDeclaration, before: LiveService | None
) -> threading.BoundedSemaphore | None:
    """Keep the places while the limit stays: calls in progress hold some of them."""
    limit = declaration.serving.max_concurrency
    if before is not None and before.declaration.serving.max_concurrency == limit:
        return before.slots
    return None if limit is None else threading.BoundedSemaphore(limit)
