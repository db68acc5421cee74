"""Writing protobuf messages without their schema; `protobuf.py` reads them.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.models.protobuf import BYTES, VARINT


def number(field: int, value: int) -> bytes:
    """Return a field that holds a number, not negative."""
    return _varint(field << 3 | VARINT) + _varint(value)


def message(field: int, *parts: bytes) -> bytes:
    """Return a field that holds bytes, a text or the fields of a nested message."""
    content = b"".join(parts)
    return _varint(field << 3 | BYTES) + _varint(len(content)) + content


def texts(field: int, values: Iterable[bytes]) -> bytes:
    """Return one field for each short text."""
    key = _varint(field << 3 | BYTES)
    kinds: dict[bytes, bytes] = {}
    return b"".join(
        kinds.get(value) or kinds.setdefault(value, key + _varint(len(value)) + value)
        for value in values
    )


def floats(field: int, values: NDArray[np.float32]) -> bytes:
    """Return numbers of 32 bits that stand together."""
    return message(field, np.asarray(values, dtype="<f4").tobytes())


def integers(field: int, values: NDArray[np.int64]) -> bytes:
    """Return whole numbers, not negative, that stand together."""
    rest = np.asarray(values, dtype=np.uint64)
    digits = []
    more = np.ones(len(rest), dtype=bool)
    held = []
    while more.any():
        held.append(more)
        low, rest = rest & np.uint64(0x7F), rest >> np.uint64(7)
        more = held[-1] & (rest > 0)
        digits.append((low | (more.astype(np.uint64) << np.uint64(7))).astype(np.uint8))
    if not digits:
        return message(field)
    return message(field, np.stack(digits, axis=1)[np.stack(held, axis=1)].tobytes())


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits to a byte
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
