"""What the registry remembers; immutable, and always of one tenant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CHAMPION = "champion"
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


@dataclass(frozen=True, slots=True)
class AliasChange:
    """One movement of an alias; the newest one of an alias says where it points."""

    tenant: str
    service: str
    alias: str
    number: int
    previous: int | None
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """What a web worker must serve: a service's newest configuration and its champion, if any."""

    configuration: Configuration
    champion: Version | None
