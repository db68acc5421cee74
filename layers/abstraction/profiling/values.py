"""What is kept of one column's values: little, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.schema.batch import LAST_MOMENT

MOST_DISTINCT = 10_000
"""Different values are counted up to here."""
SAMPLE = 20_000
"""Quantiles are exact for so many values, and of a random sample of so many else."""
MOST_FREQUENT = 10
LONGEST = 60
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

Numbers = NDArray[np.float64]


class Distinct:
    """Counts different values as far as memory is to be spent on it."""

    def __init__(self) -> None:
        self._seen: set[Any] = set()

    def add(self, values: Iterable[Any]) -> None:
        """Take some values."""
        if len(self._seen) <= MOST_DISTINCT:
            for value in values:
                self._seen.add(value)
                if len(self._seen) > MOST_DISTINCT:
                    return

    def report(self) -> dict[str, Any]:
        """Return the count, and whether there are more."""
        more = len(self._seen) > MOST_DISTINCT
        return {"distinct": min(len(self._seen), MOST_DISTINCT)} | (
            {"distinct_more": True} if more else {}
        )


class NumberValues:
    """Least, largest, mean, and a sample for the quantiles; of moments too, which are seconds."""

    def __init__(self, *, moments: bool = False, seed: int = 0) -> None:
        self._moments = moments
        self._chance = np.random.default_rng(seed)
        self._distinct = Distinct()
        self._count, self._sum = 0, 0.0
        self._least, self._largest = np.inf, -np.inf
        self._sample: Numbers = np.empty(0)
        self._keys: Numbers = np.empty(0)

    def add(self, values: Numbers) -> None:
        """Take values, none missing."""
        if not len(values):
            return
        self._count += len(values)
        self._sum += float(values.sum())
        self._least = min(self._least, float(values.min()))
        self._largest = max(self._largest, float(values.max()))
        self._distinct.add(np.unique(values).tolist())
        self._sample = np.concatenate([self._sample, values])
        self._keys = np.concatenate([self._keys, self._chance.random(len(values))])
        if len(self._keys) > SAMPLE:  # whoever drew the least keys stays
            stay = np.argpartition(self._keys, SAMPLE)[:SAMPLE]
            self._sample, self._keys = self._sample[stay], self._keys[stay]

    def report(self) -> dict[str, Any]:
        """Return what is known of the values."""
        if not self._count:
            return self._distinct.report()
        found = np.quantile(self._sample, QUANTILES).tolist()
        return {
            **self._distinct.report(),
            "min": self._told(self._least),
            "max": self._told(self._largest),
            "mean": self._told(self._sum / self._count),
            "quantiles": {
                f"{share:g}": self._told(value)
                for share, value in zip(QUANTILES, found, strict=True)
            },
        }

    def _told(self, value: float) -> float | str:
        if not self._moments:
            return value
        microseconds = round(min(value, LAST_MOMENT) * 1_000_000)
        return str(np.datetime64(microseconds, "us")) + "Z"


class CategoryValues:
    """How often each declared value, or each truth, comes."""

    def __init__(self) -> None:
        self._counts: Counter[Any] = Counter()

    def count(self, value: Any, rows: int) -> None:
        """Take a value of a bounded set that so many rows have."""
        self._counts[value] += rows

    def report(self) -> dict[str, Any]:
        """Return the most frequent ones."""
        frequent = self._counts.most_common(MOST_FREQUENT)
        told = [{"value": _short(value), "rows": count} for value, count in frequent]
        return {"distinct": len(self._counts), "frequent": told}


class TextValues:
    """How many different texts there are and how long they are; never what they say."""

    def __init__(self) -> None:
        self._distinct = Distinct()
        self._shortest: int | None = None
        self._longest = 0

    def add(self, values: Iterable[str]) -> None:
        """Take some texts."""
        texts = list(values)
        if not texts:
            return
        lengths = [len(text) for text in texts]
        least = min(lengths)
        self._shortest = least if self._shortest is None else min(self._shortest, least)
        self._longest = max(self._longest, *lengths)
        self._distinct.add(map(hash, texts))

    def report(self) -> dict[str, Any]:
        """Return what is known of the texts."""
        lengths = {"shortest": self._shortest, "longest": self._longest}
        return self._distinct.report() | (lengths if self._shortest is not None else {})


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value
