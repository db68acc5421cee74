"""Where the scoring of a part goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.layers.abstraction.batch.ports import Slice


@dataclass(frozen=True)
class Position:
    """Where a part goes on: in which of its slices, at which byte or row."""

    slice: int
    next: int
    number: int
    chunk: int
    """How many chunks are kept."""


def resume(slices: Sequence[Slice], kept: Sequence[Mapping[str, Any]]) -> Position:
    """Return where a part goes on after the chunks that are kept."""
    if not kept:
        first = slices[0] if slices else Slice(0, 0, 0, 1)
        return Position(0, first.start, first.number, 0)
    last = kept[-1]
    return Position(last["slice"], last["next"], last["number"], len(kept))


def left(slices: Sequence[Slice], begin: Position) -> Iterator[tuple[int, int, int]]:
    """Yield position, start and number of what is left of each slice."""
    for position, one in enumerate(slices):
        if position == begin.slice and begin.next < one.end:
            yield position, begin.next, begin.number
        elif position > begin.slice:
            yield position, one.start, one.number
