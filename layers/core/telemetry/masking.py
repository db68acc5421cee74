"""Keeping secrets out of the log: by the name of a value, and by the form of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "***"
_NAMES = ("password", "passwd", "secret", "authorization", "api_key", "apikey", "token", "cookie")
_KEY = re.compile(rb"(mk_[0-9a-f]{12}_)[0-9A-Za-z]+")
_BEARER = re.compile(rb"(?i)(bearer )[0-9A-Za-z._~+/-]{8,}=*")
_URL_PASSWORD = re.compile(rb"(://[^\s:/@\"]*:)[^\s@/\"]+(?=@)")

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of values that hold no others."""


@lru_cache(maxsize=4096)  # names of facts: a few hundred, again and again
def is_secret(name: str) -> bool:
    """Tell whether a value of this name must not be shown."""
    plain = name.lower().replace("-", "_")
    return any(secret in plain for secret in _NAMES)


def mask(value: Any, depth: int = 6) -> Any:
    """Return a copy of nested mappings and lists with the values under secret names hidden."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Mapping):
        if depth == 0:
            return MASK  # nothing that we log is so deep
        return {
            key: MASK if is_secret(str(key)) and item is not None else mask(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask(item, depth - 1) for item in value] if depth else MASK
    return value


def mask_line(line: bytes) -> bytes:
    """Hide what looks like an API key, a bearer token or the password of a URL anywhere in a line."""
    if b"mk_" in line:
        line = _KEY.sub(rb"\1***", line)
    if b"earer " in line.lower():
        line = _BEARER.sub(rb"\1***", line)
    if b"://" in line:
        line = _URL_PASSWORD.sub(rb"\1***", line)
    return line
