"""What the registry remembers; immutable, and always of one tenant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

CHAMPION = "champion"
"""Serves."""
CHALLENGER = "challenger"
"""Serves a share of the calls."""
SHADOW = "shadow"
"""Is asked off the request path; nobody gets its answers."""
STANDBY = "standby"
"""Is loaded, and answers only those who ask for it by its number."""
ALIASES = (CHAMPION, CHALLENGER, SHADOW, STANDBY)
DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One revision of a service's declaration. Revisions count from 1 and are never changed."""

    tenant: str
    service: str
    revision: int
    digest: str
    """SHA-256 (hex) of the canonical declaration; equal digests make no new revision."""
    declaration: dict[str, Any]
    author: str
    created_at: datetime
    origin: str | None = None
    """Digest of the file's declaration that this one is, or derives from by a tuning or a way back."""
    reason: str = ""
    """Why it was changed, as its author says; empty if they do not."""

    @property
    def derived(self) -> bool:
        """Whether it says something else than the service's file, because of a tuning or a way back."""
        return self.origin is not None and self.origin != self.digest


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is about to be registered."""

    tenant: str
    service: str
    digest: str
    """SHA-256 (hex) of the manifest, which names the SHA-256 of every file: the content address."""
    manifest: dict[str, Any]
    metrics: dict[str, float]
    configuration_revision: int
    job_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Version(NewVersion):
    """A registered version. Numbers count from 1 within a tenant's service and are never reused."""

    number: int = field(kw_only=True)
    pruned_at: datetime | None = field(default=None, kw_only=True)
    """When its artefact was given up; it cannot serve any more."""


APPRAISAL = "appraisal"
"""What a manifest tells of a version's quality beside its metrics."""


SERVING = ("algorithm", "problem", "roles", "confidence")
"""What answers go by in a manifest; a version's files hold the whole of it."""


def as_served(version: Version) -> Version:
    """Return a version as serving needs it: what cards and batches tell is most of a manifest."""
    told = version.manifest
    return replace(version, manifest={name: told[name] for name in SERVING if name in told})


@dataclass(frozen=True, slots=True)
class AliasChange:
    """One movement of an alias, or of its share; the newest one says where it points."""

    tenant: str
    service: str
    alias: str
    number: int | None
    """None: the alias was taken away."""
    previous: int | None
    author: str
    reason: str
    created_at: datetime
    share: float | None = None
    """Percent of the calls (above 0, at most 100) that a challenger answers; None for others."""
    back: bool = False
    """Whether it was a way back, a rollback, and no promotion."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A version that must not serve until somebody releases it."""

    tenant: str
    service: str
    number: int
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """What a web worker must serve: a service's newest configuration and what its aliases name."""

    configuration: Configuration
    champion: Version | None
    challenger: Version | None = None
    share: float = 0.0
    """Percent of the calls that the challenger answers."""
    shadow: Version | None = None
    standby: Version | None = None
