"""Finding a repeated key in a JSON document, which decoders silently let the last one win."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from minerva.schema.decoder import pointer

LARGE = 2048
"""Bytes of a body from which numpy is quicker at it."""
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def repeated_key(body: bytes, decoded: Any) -> str | None:
    """Return the JSON pointer of the first repeated key, or None. `decoded` is what `body` says.

    Every member of an object has one colon, so a body with as many colons as members that were
    decoded cannot repeat a key. Records of numbers and plain words pass that at once; where texts
    hold colons, those outside of texts are counted.
    """
    if _colons(body) == _members_near_the_top(decoded):
        return None
    if is_exact(body, sum(len(found) for found in _objects(decoded))):
        return None
    return _locate(body)


def is_exact(body: bytes, members: int) -> bool:
    """Tell whether a JSON document's objects have so many members: then none repeats a key."""
    return _colons(body) == members or _colons(_TEXT.sub(b"", body)) == members


def _colons(body: bytes) -> int:
    """Count them; each one that `bytes.count` finds begins a new search."""
    if len(body) < LARGE:
        return body.count(b":")
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def _members_near_the_top(decoded: Any) -> int:
    """Count members of the top object and of the objects in its lists: never more than there are."""
    if not isinstance(decoded, dict):
        return 0
    count = len(decoded)
    for value in decoded.values():
        if type(value) is list:
            count += sum([len(item) for item in value if type(item) is dict])
    return count


def _objects(decoded: Any) -> Iterator[dict[str, Any]]:
    waiting = [decoded]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


class _Repeats:
    """Stands in for an object that repeats a key."""

    def __init__(self, key: str) -> None:
        self.key = key


def _locate(body: bytes) -> str:
    """Return the pointer of a repeated key that is known to be there, '' if it is too deep to tell."""
    try:
        found = json.loads(body, object_pairs_hook=_object, parse_int=str, parse_float=str)
    except RecursionError:
        found = None
    waiting = [("", found)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, _Repeats):
            return f"{where}/{pointer(value.key)}"
        items: Any = ()
        if isinstance(value, dict):
            items = value.items()
        elif isinstance(value, list):
            items = enumerate(value)
        waiting.extend((f"{where}/{pointer(str(key))}", item) for key, item in items)
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeats:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    return _Repeats(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
