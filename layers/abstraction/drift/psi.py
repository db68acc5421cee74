"""The population stability index, and how large chance alone can make it.

PSI = Σ (aᵢ - eᵢ) · ln(aᵢ / eᵢ) over the bins of a field, eᵢ the share of the training rows and aᵢ that of
the rows now. Usual reading: below 0.1 nothing, above 0.25 a different population (Siddiqi, Credit Risk
Scorecards, 2006). That is for many rows. With n rows now and m in training, B bins and no drift, PSI is
distributed about as (1/n + 1/m) · χ² with B - 1 degrees of freedom (Yurdakul, Statistical Properties of
Population Stability Index, Western Michigan University, 2018): few rows make large values by chance. So
a threshold is never taken below the value that this distribution almost never exceeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PRIOR = 0.5
"""Rows that each bin is given beside the counted ones (Jeffreys): no share is zero."""
NEVER = 7.0
"""In standard deviations. So far out because χ² is only near: where a share is small, PSI is larger."""


def expected_shares(counts: NDArray[Any]) -> Numbers:
    """Return the shares of a field's training rows, float of shape (bins,); none is zero."""
    given: Numbers = (counts + PRIOR) / (counts.sum() + PRIOR * len(counts))
    return given


def indices(
    counts: NDArray[Any], rows: int, expected: Numbers, starts: NDArray[np.intp]
) -> Numbers:
    """Return the PSI of each field, float of shape (fields,).

    `counts` and `expected` have shape (all fields' bins,), field after field; `starts` says where each
    begins. Bins are given as many prior rows as in training, but spread as those were, so that equal
    shares give 0.
    """
    sizes = np.diff(starts, append=len(counts))
    prior = np.repeat(PRIOR * sizes, sizes)
    shares = (counts + prior * expected) / (rows + prior)
    found: Numbers = np.add.reduceat((shares - expected) * np.log(shares / expected), starts)
    return found


def chance(bins: NDArray[Any], rows: int, trained: int) -> Numbers:
    """Return what the PSI of fields with so many bins almost never exceeds without any drift.

    The quantile of χ² is Wilson and Hilferty's (The Distribution of Chi-Square, PNAS 17, 1931).
    """
    degrees = np.maximum(bins - 1, 1)
    spread = 2 / (9 * degrees)
    quantile = degrees * (1 - spread + NEVER * np.sqrt(spread)) ** 3
    limit: Numbers = quantile * (1 / rows + 1 / trained)
    return limit
