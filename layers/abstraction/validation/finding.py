"""One thing that a person should know of a service, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Two sentences: what is odd, and what helps."""

    about: str
    """A field, or a part of the service."""
    says: str
    todo: str
