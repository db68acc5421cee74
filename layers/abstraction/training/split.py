"""Holding rows out, the same ones for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from minerva.schema import Field, FieldType

Indices = NDArray[np.intp]


def hold_out(
    target: NDArray[np.generic], field: Field, share: float, seed: int
) -> tuple[Indices, Indices]:
    """Return indices of the training and the held-out rows, each in ascending order.

    `target` has shape (n,), n at least 2; classes keep their proportions as well as whole rows allow,
    and each keeps a row to train on. Both parts have at least one row.
    """
    generator = np.random.default_rng(seed)
    groups = _groups(target, field)
    held = np.concatenate([_pick(group, share, generator) for group in groups])
    if len(held) == 0:
        held = generator.choice(len(target), size=1)
    chosen = np.zeros(len(target), dtype=bool)
    chosen[held] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def folds(
    target: NDArray[np.generic], field: Field, count: int, seed: int
) -> list[tuple[Indices, Indices]]:
    """Return `count` pairs of indices as `hold_out` does, which hold every row out once.

    `target` has shape (n,), n at least `count`; classes are spread over the folds evenly.
    """
    generator = np.random.default_rng(seed)
    order = np.concatenate([generator.permutation(group) for group in _groups(target, field)])
    fold = np.empty(len(target), dtype=np.intp)
    fold[order] = np.arange(len(target)) % count
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(count)]


def _groups(target: NDArray[np.generic], field: Field) -> list[Indices]:
    if field.type in {FieldType.CATEGORY, FieldType.BOOLEAN}:
        return [np.flatnonzero(target == value) for value in np.unique(target)]
    return [np.arange(len(target))]


def _pick(group: Indices, share: float, generator: np.random.Generator) -> Indices:
    shuffled = generator.permutation(group)
    return shuffled[: min(round(len(group) * share), len(group) - 1)]
