"""What hooks are told: small immutable facts, part of the contract with plugins.

The registry's own records satisfy the protocols here; what Minerva makes only to tell it is a struct.
Apart from `PredictCall` and `PredictOutcome` none of them holds a value of a payload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec


class PredictCall(msgspec.Struct, frozen=True, kw_only=True):
    """A question before it is decoded."""

    tenant: str
    service: str
    records: Sequence[Any]
    """As the caller sent them: JSON objects, unchecked. Personal data: keep and log nothing of it."""
    request_id: str = ""


class PredictOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question."""

    version: str | None = None
    """The version that answered; None if none did."""
    predictions: Sequence[Mapping[str, Any]] = ()
    """What the caller got. Personal data, as the records are."""
    seconds: float = 0.0
    """From the question to the answer."""
    degraded: bool = False
    """The declared default was answered."""
    code: str | None = None
    """Code of the error (`docs/errors.md`) that the caller got, or that the default stands for."""


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """A training that begins."""

    tenant: str
    service: str
    algorithm: str
    configuration_revision: int
    author: str
    job_id: str | None = None
    """None: a version made at once, by an algorithm that needs no data."""


class TrainingResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a training ended."""

    seconds: float
    version: int | None = None
    """None: it failed."""
    metrics: Mapping[str, float] = {}
    promoted: bool = False
    verdict: str = ""
    """Why it was promoted or held back."""
    code: str | None = None
    """Code of the error it failed with."""


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A job that came into another state; what it was asked and what it found stay out."""

    id: str
    tenant: str
    service: str
    kind: str
    state: str
    """queued, running, succeeded, failed, cancelled or dead."""
    attempt: int
    author: str
    request_id: str = ""
    code: str | None = None
    """Code of the error that ended the attempt."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A field, an output or a metric that is not any more what it was when the version was made."""

    tenant: str
    service: str
    version: int
    name: str
    """Of the field, output or metric."""
    measure: str
    """How it was measured: `psi`, `roc_auc`, …"""
    value: float
    threshold: float
    """The declared one, or the value that chance can reach with so few rows, if that is higher."""


class ServiceDeclared(Protocol):
    """One revision of a service's configuration."""

    @property
    def tenant(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def author(self) -> str:
        """Who accepted, restored or, of a file, whose it is on that machine."""

    @property
    def reason(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


class VersionMade(Protocol):
    """A registered version."""

    @property
    def tenant(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def job_id(self) -> str | None: ...


class AliasMoved(Protocol):
    """One movement of an alias."""

    @property
    def tenant(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def alias(self) -> str:
        """`champion`, `challenger`, `shadow` or `standby`."""

    @property
    def number(self) -> int | None:
        """The version it points at; None: the alias was taken away."""

    @property
    def previous(self) -> int | None: ...
    @property
    def author(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


class Quarantined(Protocol):
    """A version that must not serve until somebody releases it."""

    @property
    def tenant(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def author(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
