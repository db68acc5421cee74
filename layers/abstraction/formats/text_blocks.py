"""Text files in blocks of whole rows, and where rows begin: what CSV and NDJSON share.

A line break inside quotes ends no row. Quotes come in pairs, also doubled ones, so a break ends a row when
an even number of quotes stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from minerva.errors import Fault, InvalidData

BLOCK = 8 * 1024 * 1024
LONGEST_ROW = 16 * 1024 * 1024
BREAK, QUOTE = b"\n", b'"'


@dataclass(frozen=True)
class Block:
    """Some whole rows."""

    text: bytes
    end: int
    """The byte behind them."""
    line: int
    """The line of the first one, from 1."""


def blocks(
    file: BinaryIO,
    start: int,
    end: int,
    line: int,
    *,
    quoted: bool,
    name: str,
    at_once: int = BLOCK,
) -> Iterator[Block]:
    """Yield the rows between two bytes; `quoted`: a row may hold line breaks in quotes.

    Raises InvalidData for a row without an end.
    """
    file.seek(start)
    rest, position = b"", start
    while position < end:
        read = file.read(min(at_once, end - position))
        if not read:
            break
        position += len(read)
        rest += read
        cut = len(rest) if position >= end else row_end(rest, quoted=quoted)
        if not cut:
            if len(rest) > LONGEST_ROW:
                raise _endless(rest, line, name, quoted=quoted)
            continue
        text, rest = rest[:cut], rest[cut:]
        yield Block(text, position - len(rest), line)
        line += text.count(BREAK)


def row_end(text: bytes, *, quoted: bool) -> int:
    """Return the byte behind the last whole row; 0: there is none."""
    if not quoted or QUOTE not in text:
        return text.rfind(BREAK) + 1
    ends = _row_ends(text, 0, quoted=quoted)
    return int(ends[-1]) + 1 if len(ends) else 0


def boundaries(
    file: BinaryIO, start: int, end: int, count: int, *, quoted: bool
) -> list[tuple[int, int]]:
    """Return where about `count` stretches begin, as byte and number of lines before it."""
    wanted = [start + (end - start) * part // count for part in range(1, count)]
    found = [(start, 0)]
    position, lines, odd = start, 0, 0
    file.seek(start)
    while wanted and position < end:
        block = file.read(min(BLOCK, end - position))
        if not block:
            break
        ends = _row_ends(block, odd, quoted=quoted)
        while wanted and wanted[0] < position + len(block):
            here = int(np.searchsorted(ends, wanted[0] - position))
            if here == len(ends):
                break
            behind = int(ends[here]) + 1
            found.append((position + behind, lines + block.count(BREAK, 0, behind)))
            wanted = [one for one in wanted if one > position + behind]
        lines += block.count(BREAK)
        odd = (odd + block.count(QUOTE)) % 2 if quoted else 0
        position += len(block)
    return [one for one in found if one[0] < end]


def _row_ends(block: bytes, odd: int, *, quoted: bool) -> NDArray[np.intp]:
    characters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(characters == BREAK[0])
    if not quoted or (not odd and QUOTE not in block):
        return ends
    before = np.searchsorted(np.flatnonzero(characters == QUOTE[0]), ends)
    whole: NDArray[np.intp] = ends[(before + odd) % 2 == 0]
    return whole


def unclosed(file: str, line: int) -> InvalidData:
    """Return the error of a quote that has no end."""
    name = file.rpartition("/")[2]
    fault = Fault(f"{name}:{line}", "the quote that begins here is not closed")
    return InvalidData(f"{name} cannot be used.", faults=[fault])


def _endless(rest: bytes, line: int, file: str, *, quoted: bool) -> InvalidData:
    if quoted and QUOTE in rest:
        odd = 0
        for offset, text in enumerate(rest.split(BREAK)):
            odd = (odd + text.count(QUOTE)) % 2
            if odd:
                return unclosed(file, line + offset)
    name = file.rpartition("/")[2]
    fault = Fault(f"{name}:{line}", f"the row has no end within {LONGEST_ROW >> 20} MiB")
    return InvalidData(f"{name} cannot be used.", faults=[fault])
