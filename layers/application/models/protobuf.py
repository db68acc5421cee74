"""Reading protobuf messages without their schema: enough to look into a file before its library does.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10


class Malformed(ValueError):
    """These bytes are no protobuf message, or are cut off."""


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field; bytes are not copied. Raises Malformed."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, position = _varint(message, position)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise Malformed
        if position + size > len(message):
            raise Malformed
        yield key >> 3, message[position : position + size]
        position += size


def parts(message: memoryview, number: int) -> Iterator[memoryview]:
    """Yield each nested message, or bytes, of one field."""
    for found, value in fields(message):
        if found == number and isinstance(value, memoryview):
            yield value


def text(message: memoryview, number: int) -> str:
    """Return a field's text, the last one; empty where it is absent."""
    told = ""
    for value in parts(message, number):
        told = bytes(value).decode(errors="replace")
    return told


def integer(message: memoryview, number: int) -> int:
    """Return a field's number, the last one; 0 where it is absent."""
    told = 0
    for found, value in fields(message):
        if found == number and isinstance(value, int):
            told = value
    return told


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(LONGEST_VARINT):
        if position >= len(message):
            raise Malformed
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no high bit
            return value, position
    raise Malformed
