"""The ports of the registry: every read and write names its tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from minerva.layers.abstraction.registry.records import (
    AliasChange,
    Configuration,
    NewVersion,
    Quarantine,
    Served,
    Version,
)


class ConfigurationStore(Protocol):
    """Revisions of declarations."""

    def declare(
        self,
        tenant: str,
        service: str,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        now: datetime,
        reason: str = "",
    ) -> Configuration:
        """Return the newest revision if it derives from this digest, else add one and bump the registry.

        A revision that is added derives from itself; see `Configuration.origin`.
        """

    def derive(
        self,
        newest: Configuration,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        now: datetime,
        reason: str,
    ) -> Configuration:
        """Add a revision that derives from what the newest one does, and bump the registry.

        Raises Conflict if that is not the newest one any more.
        """

    def latest(self, tenant: str, service: str) -> Configuration | None:
        """Return the newest revision."""

    def get(self, tenant: str, service: str, revision: int) -> Configuration | None:
        """Return one revision."""

    def list(self, tenant: str, service: str) -> Sequence[Configuration]:
        """Return all revisions of a service, newest first."""

    def list_latest(self, tenant: str) -> Sequence[Configuration]:
        """Return the newest revision of each of the tenant's services, by name."""


class VersionStore(Protocol):
    """Immutable model versions."""

    def register(self, version: NewVersion) -> Version:
        """Number and keep a version, and bump the registry.

        Idempotent: a version of the same service with the same digest, or of the same `job_id`
        (when it has one), is returned as it is, whoever raced. A pruned one whose very content is
        registered again is there again.
        """

    def get(self, tenant: str, service: str, number: int) -> Version | None:
        """Return one version."""

    def list(self, tenant: str, service: str) -> Sequence[Version]:
        """Return all versions, pruned ones too, newest first."""

    def prune(
        self, tenant: str, service: str, numbers: Collection[int], now: datetime
    ) -> Sequence[Version]:
        """Mark those of these versions that are there and that no alias names, and return them.

        Changes nothing that is served, and so does not bump the registry. Their artefacts may be
        deleted afterwards, as far as no other version has the digest: see `digests_in_use`.
        """

    def digests_in_use(self) -> set[str]:
        """Return the digests of all versions, of all tenants, that are not pruned."""


class AliasStore(Protocol):
    """Movable names for versions, with their history."""

    def point(  # noqa: PLR0913 - the parts of a movement, each by name
        self,
        tenant: str,
        service: str,
        alias: str,
        number: int | None,
        author: str,
        reason: str,
        now: datetime,
        *,
        share: float | None = None,
        only_from: int | None = None,
        back: bool = False,
    ) -> tuple[AliasChange, bool]:
        """Move an alias to a version, or with None take it away, and bump the registry.

        Returns the alias's newest movement and whether this call made it: pointing with the same
        share where it already points changes nothing, and neither does any call with `only_from`
        while the alias names another version than that. Raises NotFound for a version that is not
        there and for an alias that never was and cannot be taken away, Conflict for a version that
        is pruned or in quarantine.
        """

    def current(self, tenant: str, service: str) -> dict[str, int]:
        """Return alias → version number, without aliases that were taken away."""

    def latest(self, tenant: str, service: str) -> dict[str, AliasChange]:
        """Return alias → the movement that brought it where it is; without those taken away."""

    def history(self, tenant: str, service: str, alias: str) -> Sequence[AliasChange]:
        """Return all movements, newest first."""


class QuarantineStore(Protocol):
    """Versions that must not serve."""

    def add(self, quarantine: Quarantine) -> bool:
        """Put a version (NotFound if there is none) into quarantine and bump the registry.

        False, and nothing changes, if it is there already: the first reason stays.
        """

    def remove(self, tenant: str, service: str, number: int) -> Quarantine | None:
        """Forget a quarantine, bump the registry and return it; None if there is none."""

    def list(self, tenant: str, service: str) -> Mapping[int, Quarantine]:
        """Return version number → its quarantine, by number."""


class RevisionStore(Protocol):
    """The one integer that every change of the registry bumps, and what it stands for."""

    def current(self) -> int:
        """Return the registry revision; 0 before the first change."""

    def declared(self) -> tuple[int, Sequence[Configuration]]:
        """Return the revision and, read in the same transaction, every service's newest configuration.

        Of all tenants, by tenant and name.
        """

    def served(self) -> tuple[int, Sequence[Served]]:
        """Return the revision and, read in the same transaction, what all tenants serve at it.

        Versions come `as_served`: many are held for long, and serving needs little of a manifest.
        """

    def served_since(self, revision: int) -> tuple[int, Sequence[Served]] | None:
        """Return the present revision and those services that changed since another one, as `served`.

        None if that is not known: everything is to be read then. A service may be newer than the revision
        that is returned; it comes again with its own.
        """


class ArtefactStore(Protocol):
    """Folders of files under their content address."""

    def put(self, digest: str, folder: Path) -> None:
        """Store a folder's files; atomic (all or nothing) and idempotent."""

    def fetch(self, digest: str) -> Path:
        """Return a local folder with the files (NotFound if there are none); read-only."""

    def delete(self, digest: str) -> None:
        """Forget a folder; nothing happens if there is none."""

    def size(self, digest: str) -> int:
        """Return the bytes that deleting a folder would free, also of one half deleted; 0 for none."""
