"""The ports of the registry: every read and write names its tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from minerva.layers.abstraction.registry.records import (
    AliasChange,
    Configuration,
    NewVersion,
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
    ) -> Configuration:
        """Return the newest revision if it has this digest, else add one and bump the registry."""

    def latest(self, tenant: str, service: str) -> Configuration | None:
        """Return the newest revision."""

    def get(self, tenant: str, service: str, revision: int) -> Configuration | None:
        """Return one revision."""

    def list_latest(self, tenant: str) -> Sequence[Configuration]:
        """Return the newest revision of each of the tenant's services, by name."""


class VersionStore(Protocol):
    """Immutable model versions."""

    def register(self, version: NewVersion) -> Version:
        """Number and keep a version, and bump the registry.

        Idempotent: a version of the same service with the same digest, or of the same `job_id`
        (when it has one), is returned as it is, whoever raced.
        """

    def get(self, tenant: str, service: str, number: int) -> Version | None:
        """Return one version."""

    def list(self, tenant: str, service: str) -> Sequence[Version]:
        """Return all versions, newest first."""


class AliasStore(Protocol):
    """Movable names for versions, with their history."""

    def point(
        self,
        tenant: str,
        service: str,
        alias: str,
        number: int,
        author: str,
        reason: str,
        now: datetime,
    ) -> AliasChange:
        """Move an alias to an existing version (NotFound otherwise) and bump the registry.

        Pointing where it already points changes nothing and returns the change that did.
        """

    def current(self, tenant: str, service: str) -> dict[str, int]:
        """Return alias → version number."""

    def history(self, tenant: str, service: str, alias: str) -> Sequence[AliasChange]:
        """Return all movements, newest first."""


class RevisionStore(Protocol):
    """The one integer that every change of the registry bumps, and what it stands for."""

    def current(self) -> int:
        """Return the registry revision; 0 before the first change."""

    def served(self) -> tuple[int, Sequence[Served]]:
        """Return the revision and, read in the same transaction, what all tenants serve at it."""


class ArtefactStore(Protocol):
    """Folders of files under their content address."""

    def put(self, digest: str, folder: Path) -> None:
        """Store a folder's files; atomic (all or nothing) and idempotent."""

    def fetch(self, digest: str) -> Path:
        """Return a local folder with the files (NotFound if there are none); read-only."""

    def delete(self, digest: str) -> None:
        """Forget a folder; nothing happens if there is none."""
