"""Which calls a challenger answers: a share of them, and for one key always the same side."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

PERCENT = 100


def place(service: str, key: Any) -> float:
    """Return where a key stands in 0 ≤ place < 100: always the same, and evenly spread.

    A challenger with share s answers the keys below s, so a larger share only adds customers.
    """
    text = f"{service}\0{key}".encode()
    number = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
    return (number >> 11) / 2**53 * PERCENT
