"""Which known name somebody meant who wrote one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 40
"""So many known names are listed; an author of a file finds theirs among them."""


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like this one, whatever its case; None if none is like it."""
    folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def hint(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return `did you mean …?`, else `otherwise`, which is a list of the known names unless it is given."""
    names = list(known)
    close = meant(name, names)
    if close is not None:
        return f"did you mean {close!r}?"
    if otherwise is not None:
        return otherwise
    more = ", …" if len(names) > SHOWN else ""
    return f"known: {', '.join(names[:SHOWN]) or 'none'}{more}"


def question(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` to stand behind a whole sentence; nothing if none is like it."""
    close = meant(name, known)
    return f" Did you mean {close!r}?" if close else ""


def doubt(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return `hint` as the end of a sentence, after a semicolon; nothing if there is nothing to say."""
    said = hint(name, known, otherwise)
    return f"; {said}" if said else ""
