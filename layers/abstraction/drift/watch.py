"""Deciding, from the newest rows, which fields have drifted and which have come back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minerva.layers.abstraction.drift.bins import Bins, Counts
from minerva.layers.abstraction.drift.psi import chance, indices

WINDOW_ROWS = 400
"""So many rows are looked at: enough to find a shift of one standard deviation, soon forgotten."""
BLOCK_ROWS = 100
"""The window moves on by so many rows, and is judged then."""
BACK = 0.5
"""A field has come back when it is below this part of its threshold, not when it is just below it."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows, one after the other."""

    rows: int
    counts: Counts


@dataclass(frozen=True, eq=False)
class Watch:
    """What was seen of one version in one process: its newest rows, and which fields have drifted."""

    blocks: tuple[Block, ...] = ()
    drifted: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """How many rows the window holds."""
        return sum(block.rows for block in self.blocks)

    @property
    def due(self) -> bool:
        """Whether the window is full and has just moved on."""
        return bool(self.blocks) and self.blocks[-1].rows >= BLOCK_ROWS and self.rows >= WINDOW_ROWS


@dataclass(frozen=True)
class Change:
    """A field that drifted, or came back."""

    name: str
    began: bool
    value: float
    threshold: float
    """The declared one, or what chance alone can reach with so few rows if that is higher."""


def add(watch: Watch, rows: int, counts: Counts) -> Watch:
    """Return the watch with these rows as its newest; what is no more needed is forgotten."""
    blocks = list(watch.blocks)
    if blocks and blocks[-1].rows < BLOCK_ROWS:
        open_block = blocks.pop()
        blocks.append(Block(open_block.rows + rows, open_block.counts + counts))
    else:
        blocks.append(Block(rows, counts))
    held = sum(block.rows for block in blocks)
    while held - blocks[0].rows >= WINDOW_ROWS:
        held -= blocks.pop(0).rows
    return replace(watch, blocks=tuple(blocks))


def judge(watch: Watch, bins: Bins, threshold: float) -> tuple[Watch, list[Change]]:
    """Return the watch and what changed since it was judged before. Rows must have been added."""
    rows = watch.rows
    counts = np.sum([block.counts for block in watch.blocks], axis=0)
    values = indices(counts, rows, bins.expected, bins.starts)
    limits = np.maximum(threshold, chance(bins.sizes, rows, bins.trained))
    changes = []
    for name, value, limit in zip(bins.names, values.tolist(), limits.tolist(), strict=True):
        before = name in watch.drifted
        now = value > (limit * BACK if before else limit)
        if now != before:
            changes.append(Change(name, now, value, limit))
    drifted = watch.drifted.symmetric_difference(change.name for change in changes)
    return replace(watch, drifted=drifted), changes
