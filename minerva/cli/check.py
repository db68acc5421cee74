"""The answer to one question of `minerva doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minerva.errors import MinervaError


@dataclass(frozen=True)
class Check:
    """What was found; `todo` says what to do where it is not fine."""

    name: str
    fine: bool
    says: str
    todo: str = ""


def asked(name: str, todo: str, question: Callable[[], str]) -> Check:
    """Ask a question that answers with what is fine, or raises."""
    try:
        return Check(name, True, question())
    except (MinervaError, OSError) as error:
        return Check(name, False, str(error), todo)
