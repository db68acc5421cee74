"""One promise of a contract, whatever it is a contract of, and the verdict on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from minerva.testing.verdict import Broken, NotApplicable

Subject = TypeVar("Subject")
Case = TypeVar("Case")


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Check(Generic[Subject, Case]):
    """One promise. `look` raises Broken or NotApplicable, and may return advice, a sentence each."""

    name: str
    title: str
    look: Callable[[Case], Sequence[str] | None]
    concerns: Callable[[Subject], bool] = _always
    """Whether there is anything to look at."""
    base: bool = False
    """Whether there is nothing to look at for those behind it unless it passes."""


def judged(look: Callable[[], Sequence[str]]) -> dict[str, Any]:
    """Return the state of a promise (passed, failed, left out), what was found, how to mend it, advice."""
    try:
        return {"state": "passed", "advice": list(look())}
    except NotApplicable as reason:
        return {"state": "left out", "what": str(reason)}
    except Broken as broken:
        return {"state": "failed", "what": broken.what, "mend": broken.mend}
    except MemoryError:
        return {
            "state": "failed",
            "what": "It ran out of memory.",
            "mend": "Work in parts, or give it more.",
        }
