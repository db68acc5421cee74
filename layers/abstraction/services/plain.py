"""What a declaration may hold: values that JSON can tell, as it is kept and compared as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from minerva.errors import Fault

LARGEST = 2**63 - 1


def not_plain(value: Any, where: str = "") -> Iterator[Fault]:
    """Yield a fault for every value that is no JSON, with its JSON pointer."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                yield Fault(f"{where}/{name}", "a name is text; quote it")
            else:
                yield from not_plain(item, f"{where}/{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from not_plain(item, f"{where}/{index}")
    elif (wrong := _wrong(value)) is not None:
        yield Fault(where, wrong)


def _wrong(value: Any) -> str | None:
    match value:
        case None | bool():
            return None
        case int():
            return None if abs(value) <= LARGEST else "is beyond 64 bits"
        case float():
            return None if math.isfinite(value) else "is NaN or infinity; write a number"
        case str():
            return None if _is_unicode(value) else "holds half of a surrogate pair"
        case _:
            return f"is a {type(value).__name__}, not JSON; quote it if it is text"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
