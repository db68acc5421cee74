"""Holding rows out, the same ones for the same seed: at random, the latest ones, or whole groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import InvalidData

Indices = NDArray[np.intp]
Pair = tuple[Indices, Indices]
"""The rows to learn from and the rows to judge by, each in ascending order."""


def at_random(strata: Sequence[Indices], share: float, seed: int) -> Indices:
    """Return rows to hold out, at least one.

    `strata` share the rows out, two at least; each keeps its proportion as well as whole rows allow, and
    a row to learn from.
    """
    generator = np.random.default_rng(seed)
    held = np.concatenate([_pick(group, share, generator) for group in strata])
    if len(held) == 0:
        held = generator.choice(np.concatenate(strata), size=1)
    return np.sort(held)


def latest(times: NDArray[Any], share: float) -> Indices:
    """Return the rows from some moment on, about a share of them; those of one moment stay together.

    `times` has shape (n,), in any order, none missing. Raises InvalidData if there is one moment only.
    """
    moments = np.sort(times)
    first = moments[min(round(len(times) * (1 - share)), len(times) - 1)]
    if first == moments[0]:
        later = moments[moments > first]
        if not len(later):
            raise InvalidData("All rows are of one moment: none of them is later than the others.")
        first = later[0]
    return np.flatnonzero(times >= first)


def whole_groups(groups: NDArray[Any], share: float, seed: int) -> Indices:
    """Return the rows of some groups, about a share of all rows; `groups` has shape (n,).

    A group that is too large for it stays with the others. Raises InvalidData if there is one group only.
    """
    numbers, sizes = _numbered(groups)
    left, chosen = len(groups) * share, np.zeros(len(sizes), dtype=bool)
    for group in np.random.default_rng(seed).permutation(len(sizes)).tolist():
        if sizes[group] / 2 <= left and chosen.sum() < len(sizes) - 1:
            chosen[group] = True
            left -= sizes[group]
    if not chosen.any():
        chosen[np.argmin(sizes)] = True
    return np.flatnonzero(chosen[numbers])


def random_folds(strata: Sequence[Indices], count: int, seed: int) -> list[Indices]:
    """Return `count` sets of rows, each row in one of them; strata are spread over them evenly."""
    generator = np.random.default_rng(seed)
    order = np.concatenate([generator.permutation(group) for group in strata])
    fold = np.arange(len(order)) % count
    return [np.sort(order[fold == one]) for one in range(count)]


def folds_in_time(times: NDArray[Any], count: int) -> list[Pair]:
    """Return `count` pairs: what came before some moment, and what came then until the next one.

    Raises InvalidData for fewer different moments than that.
    """
    moments = np.unique(times)
    if len(moments) <= count:
        raise InvalidData(f"The rows are of {len(moments)} moments: too few for {count} folds.")
    starts = [moments[len(moments) * one // (count + 1)] for one in range(1, count + 1)]
    ends = [*starts[1:], np.inf]
    return [
        (np.flatnonzero(times < start), np.flatnonzero((times >= start) & (times < end)))
        for start, end in zip(starts, ends, strict=True)
    ]


def folds_of_groups(groups: NDArray[Any], count: int, seed: int) -> list[Indices]:
    """Return `count` sets of whole groups. Raises InvalidData for fewer groups than that."""
    numbers, sizes = _numbered(groups)
    if len(sizes) < count:
        raise InvalidData(f"The rows are of {len(sizes)} groups: too few for {count} folds.")
    order = np.random.default_rng(seed).permutation(len(sizes))
    fold = np.empty(len(sizes), np.intp)
    fold[order] = np.arange(len(sizes)) % count
    return [np.flatnonzero(fold[numbers] == one) for one in range(count)]


def _numbered(groups: NDArray[Any]) -> tuple[Indices, Indices]:
    """Return each row's group as a number, in order of appearance, and each group's size."""
    known: dict[Any, int] = {}
    numbers = np.array([known.setdefault(one, len(known)) for one in groups.tolist()], np.intp)
    if len(known) < 2:  # noqa: PLR2004 - one group cannot be on both sides
        raise InvalidData("All rows are of one group: there is no other one to judge by.")
    return numbers, np.bincount(numbers)


def _pick(group: Indices, share: float, generator: np.random.Generator) -> Indices:
    shuffled = generator.permutation(group)
    return shuffled[: min(round(len(group) * share), len(group) - 1)]
