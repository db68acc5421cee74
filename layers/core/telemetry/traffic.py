"""What the web workers of one container have to do and have done, in memory that all of them share.

A scrape reaches one worker and must tell of all. Each counts in a place of its own, which nobody else
writes to, so that counting takes no lock; a worker that stands in for another one goes on in its place.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field

IN_FLIGHT, NANOSECONDS = 0, 1
CLASSES = (2, 3, 4, 5)
"""The first digit of a status; what was answered with which is counted from the third cell on."""
CELLS = 8
_BYTES = 8


def shared(places: int) -> memoryview:
    """Return cells for so many workers, all zero; processes that are forked see the same ones."""
    return memoryview(mmap.mmap(-1, places * CELLS * _BYTES)).cast("q")


@dataclass(frozen=True)
class Totals:
    """The sum over all workers."""

    in_flight: int
    seconds: float
    """How long the answered requests took together, since the container began."""
    answered: dict[int, int]
    """First digit of the status → how many."""


@dataclass
class Traffic:
    """One worker's place; for its loop alone, but for `totals`."""

    cells: memoryview = field(default_factory=lambda: shared(1))
    _at: int = 0

    def share(self, cells: memoryview, place: int) -> None:
        """Count in a place among others; what is in flight there was its last worker's, and is gone."""
        self.cells, self._at = cells, place * CELLS
        self.cells[self._at + IN_FLIGHT] = 0

    def began(self) -> None:
        """Note that a request is there, and waits for a thread at least."""
        self.cells[self._at + IN_FLIGHT] += 1

    def ended(self) -> None:
        """Note that it is not in flight any more, answered or not."""
        self.cells[self._at + IN_FLIGHT] -= 1

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.cells[self._at + NANOSECONDS] += round(seconds * 1e9)
        digit = min(max(status // 100, CLASSES[0]), CLASSES[-1])
        self.cells[self._at + digit] += 1

    def totals(self) -> Totals:
        """Return the sum over all places."""
        cells = self.cells

        def total(cell: int) -> int:
            return sum(cells[cell::CELLS])

        return Totals(
            in_flight=total(IN_FLIGHT),
            seconds=total(NANOSECONDS) / 1e9,
            answered={digit: total(digit) for digit in CLASSES},
        )
