"""Encodings of text: which names are one, and what a reader must know about it."""

from __future__ import annotations

import codecs

_OF_HOST_NAMES = {"idna", "punycode"}
"""Encodings of whole names, which no text can be read in piece by piece."""


def is_text_encoding(name: str) -> bool:
    """Tell whether text can be written in an encoding of this name."""
    try:
        is_exact = bool("x".encode(name).decode(name) == "x")
        return is_exact and codecs.lookup(name).name not in _OF_HOST_NAMES
    except (LookupError, ValueError, TypeError):  # a NUL in a name is a ValueError
        return False


def breaks_by_byte(name: str) -> bool:
    """Tell whether lines of a text encoding can be found by their bytes: not so in UTF-16."""
    return "\n".encode(name) == b"\n"


def read_as(name: str) -> str:
    """Return the encoding to read a file with: a byte order mark is no part of the first name."""
    return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name
