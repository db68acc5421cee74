"""`command`: a learner in any language, as a program that speaks the runner protocol.

The protocol is described in docs/runner-protocol.md; `minerva.runner` speaks it.
"""

from collections.abc import Iterable

from minerva import Algorithm, hookimpl
from minerva.layers.application.command.algorithm import Command

__all__ = ["Command", "minerva_algorithms"]


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Command()]
