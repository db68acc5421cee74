"""As of when the work of this context is done: what it asks answers as it did then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

AS_OF: ContextVar[datetime | None] = ContextVar("as_of", default=None)
"""None: now."""


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Do what follows as of a moment; threads that take over the context do so too."""
    before = AS_OF.set(moment)
    try:
        yield
    finally:
        AS_OF.reset(before)
