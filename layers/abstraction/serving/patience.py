"""Until when the caller of this context waits, for whoever may make it wait a little."""

from __future__ import annotations

import math
from contextvars import ContextVar

UNTIL: ContextVar[float] = ContextVar("until", default=math.inf)
"""A moment of `time.monotonic`; infinite where there is no deadline, or nobody who asks for it."""
