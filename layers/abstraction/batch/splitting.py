"""How an input is divided between workers: in order, and evenly."""

from __future__ import annotations

from collections.abc import Sequence

from minerva.layers.abstraction.batch.ports import Slice, Source

PART_ROWS = 2_500_000
PART_BYTES = 512 * 1024 * 1024
"""A part is worth a process of its own from about here on."""
MOST_PARTS = 64


def part_count(sources: Sequence[Source], asked: int | None) -> int:
    """Return how many parts an input makes."""
    if asked is not None:
        return asked
    shares = sum(
        source.size / (PART_ROWS if source.form == "parquet" else PART_BYTES) for source in sources
    )
    return max(1, min(MOST_PARTS, round(shares)))


def slice_counts(sources: Sequence[Source], parts: int) -> list[int]:
    """Return into how many slices each source is cut."""
    total = sum(source.size for source in sources) or 1
    return [max(1, round(parts * source.size / total)) for source in sources]


def grouped(slices: Sequence[Slice], parts: int) -> list[list[Slice]]:
    """Return at most `parts` groups of slices that follow each other, of about the same length."""
    total = sum(one.end - one.start for one in slices)
    groups: list[list[Slice]] = [[]]
    behind = 0
    for one in slices:
        if groups[-1] and behind >= total * len(groups) / parts:
            groups.append([])
        groups[-1].append(one)
        behind += one.end - one.start
    return groups
