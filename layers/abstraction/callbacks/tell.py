"""The port through which the abstraction layer tells plugins what happened."""

from __future__ import annotations

from typing import Any, Protocol


class Tell(Protocol):
    """Calls one hook of every plugin that has it; never raises, never takes longer than its budget."""

    def __call__(self, hook: str, /, **facts: Any) -> None:
        """Call `hook` (a name of `minerva.hookspecs`) with these arguments."""


def nobody(hook: str, /, **facts: Any) -> None:
    """Satisfy `Tell` where no plugin listens."""
