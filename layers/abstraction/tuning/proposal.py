"""A proposal: parameters that a tuning found to be better, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ProposalState(StrEnum):
    """What was decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewProposal:
    """A proposal that is about to be made."""

    tenant: str
    service: str
    job_id: str
    configuration_revision: int
    """What was tuned."""
    parameters: dict[str, Any]
    """Only what changes."""
    evidence: dict[str, Any]
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal(NewProposal):
    """A proposal's row. Numbers count from 1 within a tenant's service."""

    number: int = field(kw_only=True)
    state: ProposalState = field(kw_only=True)
    revision: int | None = field(default=None, kw_only=True)
    """The configuration revision that acceptance made."""
    decided_by: str | None = field(default=None, kw_only=True)
    reason: str = field(default="", kw_only=True)
    decided_at: datetime | None = field(default=None, kw_only=True)

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "service": self.service,
            "proposal": self.number,
            "state": self.state.value,
            "parameters": self.parameters,
            "evidence": self.evidence,
            "job_id": self.job_id,
            "configuration_revision": self.configuration_revision,
            "revision": self.revision,
            "author": self.author,
            "created_at": self.created_at.isoformat(),
            "decided_by": self.decided_by,
            "reason": self.reason,
            "decided_at": self.decided_at and self.decided_at.isoformat(),
        }


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ, as they are afterwards."""
    return {name: value for name, value in after.items() if before.get(name) != value}
