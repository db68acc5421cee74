"""What a call of a model costs, learned from recent ones: a fixed part, and a part for each row."""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 0.98
"""What a call still counts for when another one has been measured."""
SPREAD = 0.25
"""Variance of the calls' rows, from which on the two parts can be told from each other."""


@dataclass(frozen=True)
class Cost:
    """Seconds that a call takes: `fixed_s + row_s * rows`."""

    fixed_s: float
    row_s: float

    def of(self, rows: int) -> float:
        """Return the seconds that so many rows are expected to take."""
        return self.fixed_s + self.row_s * rows


@dataclass
class Costs:
    """Least squares over the calls so far, of which older ones count less; for one thread at a time."""

    _count: float = 0.0
    _rows: float = 0.0
    _squares: float = 0.0
    _seconds: float = 0.0
    _products: float = 0.0

    def add(self, rows: int, seconds: float) -> None:
        """Learn from a call."""
        self._count = self._count * KEPT + 1
        self._rows = self._rows * KEPT + rows
        self._squares = self._squares * KEPT + rows * rows
        self._seconds = self._seconds * KEPT + seconds
        self._products = self._products * KEPT + rows * seconds

    def cost(self) -> Cost | None:
        """Return what a call costs; None while all of them had about as many rows."""
        spread = self._count * self._squares - self._rows**2
        if spread <= SPREAD * self._count**2:
            return None
        slope = (self._count * self._products - self._rows * self._seconds) / spread
        row_s = max(0.0, slope)
        return Cost(max(0.0, (self._seconds - row_s * self._rows) / self._count), row_s)
