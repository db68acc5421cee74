"""Whether a difference from training may be chance: Kolmogorov-Smirnov for numbers, chi-square for counts.

Both compare two samples: the rows of a window with those of the training. What cannot be known exactly
(a profile holds quantiles, not rows; a rare category has few rows) is taken so that chance is over- and
never underestimated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXPECTED = 5.0
"""Bins of which so few rows are expected in either sample are taken together (Cochran, 1954)."""
_TERMS = 100
_TINY = 1e-300
_PRECISION = 1e-12
_STEPS = 10_000


@dataclass(frozen=True)
class Difference:
    """What a test says of two samples."""

    name: str
    """`ks` or `chi2`."""
    statistic: float
    p: float
    """Chance of a difference as large as this one, or larger, if there is none."""


def ks(
    values: NDArray[np.float64], knots: NDArray[np.float64], below: NDArray[Any], trained: int
) -> Difference:
    """Compare values, none missing, with training rows of which `below` were at most each knot.

    The distance between the distributions is looked for at the knots alone, where that of the training
    is known. Its distribution is the asymptotic one (Smirnov, 1948).
    """
    rows = len(values)
    if not rows or not trained or not len(knots):
        return Difference("ks", 0.0, 1.0)
    now = np.searchsorted(np.sort(values), knots, side="right") / rows
    distance = float(np.abs(now - below / trained).max())
    together = rows * trained / (rows + trained)
    return Difference("ks", distance, kolmogorov_tail(math.sqrt(together) * distance))


def chi_square(counts: NDArray[Any], trained: NDArray[Any]) -> Difference:
    """Compare how rows are spread over bins now and were in training; both of shape (bins,).

    Bins of which too few rows are expected are taken together; if those are still too few, how many of
    them there are now is tested by itself: chi-square would find one row in an empty bin impossible.
    """
    bins = np.stack([counts, trained]).astype(np.float64)
    if not bins.sum(axis=1).all():
        return Difference("chi2", 0.0, 1.0)
    usual, rare = _parted(bins)
    chances, statistic = [], 0.0
    if usual.shape[1] > 1:
        rows = usual.sum(axis=1, keepdims=True)
        expected = rows * usual.sum(axis=0) / rows.sum()
        statistic = float(((usual - expected) ** 2 / expected).sum())
        chances.append(chi_square_tail(statistic, usual.shape[1] - 1))
    if rare.sum():
        share = bins[0].sum() / bins.sum()
        chances.append(binomial_tail(int(rare[0]), int(rare.sum()), float(share)))
    p = min(1.0, len(chances) * min(chances)) if chances else 1.0
    return Difference("chi2", statistic, p)


def kolmogorov_tail(value: float) -> float:
    """Return the chance that Kolmogorov's statistic is larger than a value."""
    if value < 0.2:  # noqa: PLR2004 - below, the chance is 1 to twelve digits, and the sum no use
        return 1.0
    terms = np.arange(1, _TERMS)
    signs = np.where(terms % 2, 1.0, -1.0)
    return float(np.clip(2 * (signs * np.exp(-2 * (terms * value) ** 2)).sum(), 0, 1))


def chi_square_tail(value: float, degrees: int) -> float:
    """Return the chance that chi-square with so many degrees of freedom is larger than a value.

    The upper incomplete gamma function, by a series or a continued fraction (Abramowitz and Stegun,
    6.5.29 and 6.5.31).
    """
    half, at = degrees / 2, value / 2
    if at <= 0:
        return 1.0
    front = math.exp(-at + half * math.log(at) - math.lgamma(half))
    if at < half + 1:
        return max(0.0, 1 - front * _series(half, at))
    return front * _fraction(half, at)


def binomial_tail(least: int, tries: int, share: float) -> float:
    """Return the chance of `least` hits or more in so many tries; `share` is that of one, below 1.

    Of rows that are rare in both samples together, so many are in one of them by chance: fewer than
    these tries would have it, as no row is drawn twice.
    """
    if least <= 0:
        return 1.0
    hits = np.arange(least, tries + 1)
    ways = np.array([math.lgamma(hit + 1) + math.lgamma(tries - hit + 1) for hit in hits])
    logs = math.lgamma(tries + 1) - ways + hits * math.log(share)
    logs += (tries - hits) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def _parted(bins: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bins that have enough rows, shape (2, some), and the rows of all others, shape (2,)."""
    share = bins.sum(axis=1).min() / bins.sum()
    small = bins.sum(axis=0) * share < EXPECTED
    usual, rare = bins[:, ~small], bins[:, small].sum(axis=1)
    if rare.sum() * share >= EXPECTED:
        return np.column_stack([usual, rare]), np.zeros(2)
    return usual, rare


def _series(half: float, at: float) -> float:
    term = total = 1 / half
    for step in range(1, _STEPS):
        term *= at / (half + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(half: float, at: float) -> float:
    """Lentz's way, modified by Thompson and Barnett."""
    below = at + 1 - half
    upper, lower = 1 / _TINY, 1 / below
    total = lower
    for step in range(1, _STEPS):
        factor = -step * (step - half)
        below += 2
        lower = 1 / _away(factor * lower + below)
        upper = _away(below + factor / upper)
        change = lower * upper
        total *= change
        if abs(change - 1) < _PRECISION:
            break
    return total


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
