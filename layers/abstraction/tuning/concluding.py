"""Concluding a tuning: the best parameters confirmed on rows no trial saw, proposed, perhaps accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from minerva.algorithm import Progress
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import NewJob
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.training.gate import Verdict
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.tuning.conclusion import Found, decide
from minerva.layers.abstraction.tuning.measuring import Measuring
from minerva.layers.abstraction.tuning.proposal import NewProposal, Proposal, changed
from minerva.layers.abstraction.tuning.proposals import Proposals
from minerva.layers.abstraction.tuning.space import present, space_of
from minerva.layers.abstraction.tuning.wishes import Wishes

log = structlog.get_logger()

GATE = "gate"
"""Who accepts where no person does."""
TRIED = 0.95
"""How much of a tuning is done when its trials are."""
NOTHING_BETTER = "The present parameters stand: no trial was better."


@dataclass(frozen=True)
class Concluding:
    """The end of a tuning; may be repeated after a crash at any point, and proposes once."""

    versioning: Versioning
    proposals: Proposals
    now: Callable[[], datetime]

    def conclude(
        self,
        job: NewJob,
        declaration: ServiceDeclaration,
        wishes: Wishes,
        found: Found,
        progress: Progress,
    ) -> dict[str, Any]:
        """Return what the job's result tells."""
        winner, summary = found.winner, found.summary()
        if winner is None:
            return {**summary, "proposal": None, "verdict": NOTHING_BETTER}
        progress(TRIED, "measuring the best parameters on rows that no trial saw")
        measuring = Measuring.read(self.versioning, declaration)
        before = self._present(declaration)
        ahead = _ahead(progress)
        measured = found.baseline is not None  # what ended the trial's process would end this one
        baseline = measuring.confirm(before, ahead) if measured else None
        best = measuring.confirm(winner.parameters, ahead)
        verdict = decide(wishes.tuning, declaration.training.gate, found.metric, best, baseline)
        evidence = {**summary, **_confirmed(measuring, best, baseline), "verdict": verdict.reason}
        parameters = changed(before, winner.parameters)
        proposal = self._propose(job, parameters, evidence)
        if wishes.tuning.accept == GATE and verdict.passed:
            proposal = self._accept(proposal, verdict)
        return {
            **evidence,
            "parameters": parameters,
            "proposal": proposal.number,
            "state": proposal.state.value,
            "revision": proposal.revision,
        }

    def _present(self, declaration: ServiceDeclaration) -> dict[str, Any]:
        algorithm = self.versioning.catalogue().find(declaration.algorithm)
        return present(algorithm, declaration.parameters, space_of(algorithm, declaration))

    def _propose(
        self, job: NewJob, parameters: dict[str, Any], evidence: dict[str, Any]
    ) -> Proposal:
        return self.proposals.store.propose(
            NewProposal(
                tenant=job.tenant,
                service=job.service,
                job_id=job.id,
                configuration_revision=job.configuration_revision,
                parameters=parameters,
                evidence=evidence,
                author=job.author,
                created_at=self.now(),
            )
        )

    def _accept(self, proposal: Proposal, verdict: Verdict) -> Proposal:
        """Accept, unless a person decided otherwise or changed the service meanwhile."""
        tenant, service, number = proposal.tenant, proposal.service, proposal.number
        try:
            accepted = self.proposals.accept(
                tenant, service, number, author=GATE, reason=verdict.reason
            )
        except Conflict as error:
            log.warning("proposal.left_open", proposal=number, reason=error.message)
            return self.proposals.get(tenant, service, number)
        return accepted.proposal


def _ahead(progress: Progress) -> Progress:
    def report(fraction: float, message: str = "") -> None:
        progress(TRIED + (1 - TRIED) * fraction, message)

    return report


def _confirmed(
    measuring: Measuring, best: Mapping[str, float], baseline: Mapping[str, float] | None
) -> dict[str, Any]:
    metric = measuring.metric
    return {
        "confirmed_baseline": None if baseline is None else baseline[metric],
        "confirmed_best": best[metric],
        "confirmed_rows": len(measuring.final[1]),
        "metrics": dict(best),
    }
