"""What a check of a contract finds: a broken promise, or that it has nothing to look at."""

from __future__ import annotations

import traceback
from pathlib import Path


class Broken(AssertionError):
    """A promise that is not kept: one sentence on what happened, one on how to mend it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what = what
        self.mend = mend


class NotApplicable(Exception):
    """A check has nothing to look at; the message says why."""


MEND_RAISED = "Mend that line, or refuse what cannot be learnt from with minerva.InvalidData."


def raised(step: str, error: BaseException, home: Path | None, mend: str = MEND_RAISED) -> Broken:
    """Say that the plugin's code raised, and in which line of it; `home` is its file or folder."""
    return Broken(f"{step} raised {described(error)}{_where(error, home)}.", mend)


def described(error: BaseException) -> str:
    """Name an error as a person would quote it, in one line."""
    first = " ".join(str(error).split()).rstrip(".")[:300]  # a MinervaError's faults included
    return f"{type(error).__name__} ({first})" if first else type(error).__name__


def _where(error: BaseException, home: Path | None) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if home is not None and is_below(frame.filename, home)]
    if not own:
        return ""
    return f" at {Path(own[-1].filename).name}, line {own[-1].lineno}"


def is_below(file: str, home: Path) -> bool:
    """Whether a file is `home`, or stands in it."""
    return Path(file).is_relative_to(home)
