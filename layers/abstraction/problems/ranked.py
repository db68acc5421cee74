"""How well scores put the rows of each group in order, with ties as any order of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.problems.kind import Floats

FIRST = 10


def rank_metrics(relevance: Floats, score: Floats, groups: NDArray[Any]) -> dict[str, float]:
    """Return metric → mean over groups, NaN if no group says anything; each of shape (n,).

    `relevance` is 0 or more. A group says something if its rows differ in relevance.
    """
    numbers = numbered(groups)
    found = {"ndcg": len(numbers), "ndcg_at_10": FIRST}
    return {name: mean_told(ndcgs(relevance, score, numbers, k)) for name, k in found.items()}


def ndcgs(relevance: Floats, score: Floats, groups: NDArray[np.intp], first: int) -> Floats:
    """Return each group's discounted gain of its first rows by score, 1 for the best order.

    NaN for a group whose rows do not differ. The gain is the relevance itself (Järvelin, Kekäläinen, 2002).
    """
    best = _gained(relevance, relevance, groups, first)
    least, most = _ends(relevance, groups, len(best))
    told = np.full(len(best), np.nan)
    reached = _gained(relevance, score, groups, first)
    return np.asarray(np.divide(reached, best, out=told, where=most > least))


def reciprocal_ranks(relevance: Floats, score: Floats, groups: NDArray[np.intp]) -> Floats:
    """Return for each group 1 / the place of the first row that is as relevant as any of it.

    NaN for a group whose rows do not differ.
    """
    count = int(groups.max()) + 1
    least, most = _ends(relevance, groups, count)
    told = np.full(count, np.nan)
    named, start, size, hits = _firsts(relevance == most[groups], score, groups)
    told[named] = 1 / (start + 1)
    for one in np.flatnonzero(size > hits).tolist():
        waits = _waits(int(size[one]), int(hits[one]))
        told[named[one]] = waits @ (1 / (start[one] + 1 + np.arange(len(waits))))
    told[most <= least] = np.nan
    return told


def taken_metrics(
    taken: NDArray[np.bool_], score: Floats, groups: NDArray[Any]
) -> dict[str, float]:
    """Return metric → mean over the groups of which something was taken, of their first ten rows."""
    numbers = numbered(groups)
    sizes, wanted = np.bincount(numbers), np.bincount(numbers, taken)
    order, place, tie = _in_order(score, numbers)
    inside = _shared((place < FIRST).astype(np.float64), tie)
    met, some = np.bincount(numbers[order], taken[order] * inside), wanted > 0
    _, start, size, own = _firsts(taken, score, numbers)
    hits = (start < FIRST).astype(np.float64)
    for one in np.flatnonzero((size > own) & (start < FIRST)).tolist():
        hits[one] = _waits(int(size[one]), int(own[one]))[: FIRST - start[one]].sum()
    return {
        "precision_at_10": mean_told((met / np.minimum(sizes, FIRST))[some]),
        "recall_at_10": mean_told(met[some] / wanted[some]),
        "hit_rate_at_10": mean_told(hits),
    }


def numbered(groups: NDArray[Any]) -> NDArray[np.intp]:
    """Return each row's group as a number, in order of appearance."""
    known: dict[Any, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in groups.tolist()], np.intp)


def _gained(relevance: Floats, score: Floats, groups: NDArray[np.intp], first: int) -> Floats:
    """Return each group's discounted gain; rows of one score share the discounts of their places."""
    order, place, tie = _in_order(score, groups)
    shared = _shared(np.where(place < first, 1 / np.log2(place + 2), 0.0), tie)
    return np.asarray(np.bincount(groups[order], relevance[order] * shared), np.float64)


Ordered = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
"""Rows group by group, the best first; each one's place in its group, from 0; and its tie's number."""


def _in_order(score: Floats, groups: NDArray[np.intp]) -> Ordered:
    order = np.lexsort((-score, groups))
    sizes = np.bincount(groups)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    group, tied = groups[order], score[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (tied[1:] != tied[:-1])
    return order, place, np.cumsum(new) - 1


def _shared(worth: Floats, tie: NDArray[np.intp]) -> Floats:
    """Return what each row's place is worth, the mean of its tie."""
    return np.asarray((np.bincount(tie, worth) / np.bincount(tie))[tie], np.float64)


def _firsts(
    wanted: NDArray[np.bool_], score: Floats, groups: NDArray[np.intp]
) -> tuple[NDArray[np.intp], ...]:
    """Return where each group that has a wanted row meets its first one, four arrays.

    The group, the place where the tie begins that the row is in, the tie's size, and how many of it are
    wanted.
    """
    order, place, tie = _in_order(score, groups)
    sizes, hits = np.bincount(tie), np.bincount(tie, wanted[order]).astype(np.intp)
    begins = np.searchsorted(tie, np.arange(len(sizes)))
    some = np.flatnonzero(hits)
    named, first = np.unique(groups[order][begins[some]], return_index=True)
    at = some[first]
    return named, place[begins[at]], sizes[at], hits[at]


@lru_cache(maxsize=1024)
def _waits(size: int, hits: int) -> Floats:
    """Return the chances that a tie's first row of `hits` stands at place 0, 1 and so on of it."""
    left = np.arange(size, hits - 1, -1)
    missed = np.concatenate([[1.0], np.cumprod((left[:-1] - hits) / left[:-1])])
    return np.asarray(missed * hits / left, np.float64)


def _ends(values: Floats, groups: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """Return each group's least and greatest value."""
    least, most = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least, groups, values)
    np.maximum.at(most, groups, values)
    return least, most


def mean_told(found: Floats) -> float:
    """Return the mean of what is no NaN; NaN if there is nothing."""
    told = found[np.isfinite(found)]
    return float(told.mean()) if len(told) else float("nan")
