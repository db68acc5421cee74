"""The declaration of a service: the meaning of one `services/*.yaml` file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from minerva.schema import Schema

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$(?!\n)")]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a declaration: a misspelt name is a mistake, not an extra."""


class DataDeclaration(Strict, frozen=True, omit_defaults=True):
    """Where training data is, and how one record is looked up by key.

    csv, parquet: `path`, below the workspace unless absolute. sql: `url` and `query`; `lookup` has one
    bound parameter, `:key`.
    """

    source: Literal["csv", "parquet", "sql"]
    path: str | None = None
    url: str | None = None
    query: str | None = None
    lookup: str | None = None
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."


class Gate(Strict, frozen=True, omit_defaults=True):
    """What a new version must reach on the held-out rows before it becomes champion."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    not_worse_than: Literal["champion"] | None = None


class TrainingDeclaration(Strict, frozen=True, omit_defaults=True):
    """How a version is trained, evaluated and promoted."""

    holdout: Share = 0.25
    seed: Seed = 0
    gate: Gate | None = None
    promote: bool = True
    schedule: str | None = None
    """Five-field cron expression, UTC."""


class ServingDeclaration(Strict, frozen=True, omit_defaults=True):
    """How predictions are answered."""

    runtime: Literal["inline"] = "inline"
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | None = None
    default: dict[str, Any] | None = None
    """Output name → value: the declared answer when the model fails, marked `degraded`."""
    max_concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


@dataclass(frozen=True)
class ServiceDeclaration:
    """One service as its user wrote it; environment references stay unexpanded (they may be secret)."""

    service: str
    algorithm: str
    schema: Schema
    description: str
    parameters: dict[str, Any]
    data: DataDeclaration | None
    training: TrainingDeclaration
    serving: ServingDeclaration

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `services.parsing.parse` reads them back."""
        plain: dict[str, Any] = {"service": self.service, "algorithm": self.algorithm}
        if self.description:
            plain["description"] = self.description
        plain["parameters"] = self.parameters
        plain["schema"] = self.schema.to_json()
        if self.data is not None:
            plain["data"] = msgspec.to_builtins(self.data)
        plain["training"] = msgspec.to_builtins(self.training)
        plain["serving"] = msgspec.to_builtins(self.serving)
        return plain
