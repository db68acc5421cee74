"""Giving services to other workspaces and taking theirs, wired together."""

from __future__ import annotations

from minerva.bootstrap.container import Container
from minerva.layers.abstraction.sharing.giving import Giving
from minerva.layers.abstraction.sharing.taking import Taking


def giving(container: Container) -> Giving:
    """Return what packs services of this workspace."""
    return Giving(
        container.loaded.workspace,
        container.catalogue,
        container.registry,
        container.artefacts,
        container.versioning.loader.signer,
    )


def taking(container: Container) -> Taking:
    """Return what takes services into this workspace."""
    return Taking(
        container.loaded.workspace,
        container.loaded.state / "scratch",
        container.catalogue,
        container.offline.check,
        container.offline.among,
        container.workspace_services.apply,
        container.registry,
        container.artefacts,
        container.versioning.loader.signer,
        container.stores.clock.now,
    )
