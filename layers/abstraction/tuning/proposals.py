"""Deciding on what a tuning proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from minerva.errors import Conflict, NotFound
from minerva.layers.abstraction.registry.announcing import announce
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration, TuningDeclaration
from minerva.layers.abstraction.services.parsing import Check, parse
from minerva.layers.abstraction.tuning.proposal import Proposal, ProposalState
from minerva.layers.abstraction.tuning.store import ProposalStore

log = structlog.get_logger()

Train = Callable[[Proposal, str], str]
"""Has a worker train an accepted proposal's revision, for an author, and returns the job's id; there is
one job, however often it is called."""


@dataclass(frozen=True)
class Accepted:
    """What acceptance led to."""

    proposal: Proposal
    job_id: str | None
    """The training of the new revision; None if the service leaves that to others."""


@dataclass(frozen=True)
class Proposals:
    """Proposals as callers meet them."""

    store: ProposalStore
    registry: Registry
    check: Check
    train: Train
    now: Callable[[], datetime]

    def list(self, tenant: str, service: str) -> Sequence[Proposal]:
        """Return a service's proposals, newest first. Raises NotFound for an unknown service."""
        self.registry.configuration(tenant, service)
        return self.store.list(tenant, service)

    def get(self, tenant: str, service: str, number: int) -> Proposal:
        """Return one proposal. Raises NotFound."""
        self.registry.configuration(tenant, service)
        proposal = self.store.get(tenant, service, number)
        if proposal is None:
            raise NotFound(f"Service {service!r} has no proposal {number}.")
        return proposal

    def reject(
        self, tenant: str, service: str, number: int, *, author: str, reason: str = ""
    ) -> Proposal:
        """Leave the parameters as they are. Raises NotFound, Conflict if it is accepted already."""
        self.get(tenant, service, number)
        proposal = self.store.reject(tenant, service, number, author, reason, self.now())
        _tell(proposal)
        return proposal

    def accept(
        self, tenant: str, service: str, number: int, *, author: str, reason: str = ""
    ) -> Accepted:
        """Make the proposed parameters those of the service, and train unless `train: false`.

        Again it changes nothing. Raises NotFound; Conflict if it is rejected already, or if what was
        tuned is not what the service declares any more.
        """
        proposal = self.get(tenant, service, number)
        if proposal.state is not ProposalState.ACCEPTED:
            proposal = self._accepted(proposal, author, reason)
            _tell(proposal)
            announce(self.registry.configuration(tenant, service), self.registry.tell)
        return Accepted(proposal, self.train(proposal, author) if self._trains(proposal) else None)

    def origin(self, configuration: Configuration) -> Proposal | None:
        """Return the proposal that a revision came from; None if it is what the file says."""
        if not configuration.derived:
            return None
        found = self.store.list(configuration.tenant, configuration.service)
        return next((one for one in found if one.revision == configuration.revision), None)

    def _accepted(self, proposal: Proposal, author: str, reason: str) -> Proposal:
        tenant, service = proposal.tenant, proposal.service
        newest = self.registry.configuration(tenant, service)
        tuned = self.registry.configurations.get(tenant, service, proposal.configuration_revision)
        if tuned is None or _question(tuned) != _question(newest):
            raise Conflict(
                f"Service {service!r} was changed since it was tuned, so proposal {proposal.number} "
                "says nothing about it any more: tune it again."
            )
        declaration = _with(newest, proposal.parameters)
        self.check(declaration)
        plain = declaration.to_json()
        return self.store.accept(
            tenant,
            service,
            proposal.number,
            newest=newest.revision,
            digest=digest(plain),
            declaration=plain,
            author=author,
            reason=reason,
            now=self.now(),
        )

    def _trains(self, proposal: Proposal) -> bool:
        """Train what was accepted, unless it was replaced since."""
        newest = self.registry.configuration(proposal.tenant, proposal.service)
        tuning = parse(newest.declaration).tuning or TuningDeclaration()
        return tuning.train and newest.revision == proposal.revision


def _question(configuration: Configuration) -> dict[str, Any]:
    """Return what the evidence of a tuning depends on."""
    plain = configuration.declaration
    training = plain.get("training", {})
    return {
        **{name: plain.get(name) for name in ("algorithm", "parameters", "schema", "data")},
        **{name: training.get(name) for name in ("holdout", "seed")},
    }


def _with(configuration: Configuration, parameters: dict[str, Any]) -> ServiceDeclaration:
    plain = configuration.declaration
    return parse({**plain, "parameters": {**plain.get("parameters", {}), **parameters}})


def _tell(proposal: Proposal) -> None:
    log.info(
        "proposal.decided",
        tenant=proposal.tenant,
        service=proposal.service,
        proposal=proposal.number,
        state=proposal.state.value,
        revision=proposal.revision,
        author=proposal.decided_by,
    )
