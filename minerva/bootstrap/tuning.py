"""Tuning: its kinds of jobs, its trials and its proposals, wired together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minerva.adapters.metadata import MetadataStores
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked, Jobs
from minerva.layers.abstraction.jobs.kind import Kinds
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.tuning.kinds import Trials, Tuning
from minerva.layers.abstraction.tuning.proposal import Proposal
from minerva.layers.abstraction.tuning.proposals import Proposals, Train
from minerva.layers.abstraction.tuning.tunings import Tunings


@dataclass(frozen=True)
class TuningParts:
    """The parts of tuning."""

    tunings: Tunings
    proposals: Proposals


def tuning_kinds(
    stores: MetadataStores, registry: Registry, versioning: Versioning, jobs: Callable[[], Jobs]
) -> Kinds:
    """Return name → kind; `jobs` is asked for when one works, because it is made of kinds."""
    proposals = _proposals(stores, registry, versioning, jobs)
    tune = Tuning(versioning, stores.trials, stores.jobs, proposals, stores.clock.now)
    return {
        tune.name: tune,
        Trials.name: Trials(versioning, stores.trials, stores.jobs, stores.clock.now),
    }


def open_tuning(
    stores: MetadataStores, registry: Registry, versioning: Versioning, jobs: Jobs
) -> TuningParts:
    """Wire what callers meet."""
    proposals = _proposals(stores, registry, versioning, lambda: jobs)
    return TuningParts(Tunings(jobs, stores.trials, versioning.problem), proposals)


def _proposals(
    stores: MetadataStores, registry: Registry, versioning: Versioning, jobs: Callable[[], Jobs]
) -> Proposals:
    return Proposals(
        stores.proposals, registry, versioning.check, _training(jobs), stores.clock.now
    )


def _training(jobs: Callable[[], Jobs]) -> Train:
    """Return what trains an accepted proposal, once."""

    def train(proposal: Proposal, author: str) -> str:
        asked = Asked(
            tenant=proposal.tenant,
            service=proposal.service,
            author=author,
            idempotency_key=f"proposal:{proposal.service}:{proposal.number}",
        )
        return jobs().submit(TRAIN, asked)[0].id

    return train
