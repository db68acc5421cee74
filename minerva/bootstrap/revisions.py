"""The revisions of services' configurations, wired together."""

from __future__ import annotations

from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked, Jobs
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.runtimes import choice
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import Check
from minerva.layers.abstraction.services.revisions import Revisions, Train
from minerva.layers.abstraction.training.versioning import Versioning


def open_revisions(versioning: Versioning, check: Check, jobs: Jobs) -> Revisions:
    """Wire what callers meet."""

    def needs_data(declaration: ServiceDeclaration) -> bool:
        return choice.needs_data(versioning.catalogue(), declaration)

    return Revisions(versioning.registry, check, needs_data, _training(jobs))


def _training(jobs: Jobs) -> Train:
    """Return what trains a restored revision, once."""

    def train(configuration: Configuration, author: str) -> str:
        asked = Asked(
            tenant=configuration.tenant,
            service=configuration.service,
            author=author,
            idempotency_key=f"revision:{configuration.service}:{configuration.revision}",
        )
        return jobs.submit(TRAIN, asked)[0].id

    return train
