"""A grid of square cells on the earth and of equal intervals in time, in which events are counted."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import InvalidConfiguration, InvalidData, Parameters
from minerva.errors import Fault
from minerva.layers.application.places import EARTH_KM, Floats

KM_PER_DEGREE = EARTH_KM * math.pi / 180
SECONDS_PER_HOUR = 3600
POLE, DATE_LINE = 90.0, 180.0
LARGEST = 100_000_000
"""Counts that are held at once: cells times intervals."""


class Grid(Parameters, frozen=True, kw_only=True):
    """Cells from the south-western corner eastwards (`cell_x`) and northwards (`cell_y`), from 0 on."""

    west: Annotated[float, Meta(ge=-180, le=180, description="Longitude of its west, degrees")]
    south: Annotated[float, Meta(ge=-90, le=90, description="Latitude of its south, degrees")]
    cell_km: Annotated[float, Meta(gt=0, le=5000, description="How long the side of a cell is")]
    columns: Annotated[int, Meta(ge=1, le=10_000, description="Cells from west to east")]
    rows: Annotated[int, Meta(ge=1, le=10_000, description="Cells from south to north")]
    origin: Annotated[str, Meta(description="When the first interval begins, ISO 8601")]
    hours: Annotated[float, Meta(gt=0, le=8784, description="How long an interval is")]

    @property
    def height(self) -> float:
        """Degrees of latitude that a cell is high."""
        return self.cell_km / KM_PER_DEGREE

    @property
    def width(self) -> float:
        """Degrees of longitude that a cell is wide, in the middle of the grid."""
        middle = self.south + self.rows * self.height / 2
        return self.height / math.cos(math.radians(middle))

    @property
    def longest(self) -> int:
        """Most intervals after the origin, for its number of cells."""
        return LARGEST // (self.rows * self.columns)

    def check(self) -> None:
        """Raise InvalidConfiguration for a grid beyond pole or date line, or an origin that is no time."""
        faults = []
        if self.south + self.rows * self.height >= POLE:
            faults.append(Fault("/parameters/rows", "reach the north pole"))
        elif self.west + self.columns * self.width > DATE_LINE:
            faults.append(Fault("/parameters/columns", "reach beyond 180° east"))
        try:
            self.began()
        except ValueError:
            faults.append(Fault("/parameters/origin", "is no time in ISO 8601"))
        if faults:
            raise InvalidConfiguration("The grid cannot be laid.", faults=faults)

    def began(self) -> float:
        """Return the origin in seconds since 1970; without an offset it is UTC. Raises ValueError."""
        read = datetime.fromisoformat(self.origin)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()

    def slots(self, seconds: Floats) -> Floats:
        """Return how many intervals after the origin each moment is, whole where one begins."""
        return (seconds - self.began()) / (self.hours * SECONDS_PER_HOUR)

    def starts(self, slots: NDArray[Any]) -> Floats:
        """Return when each interval begins, seconds since 1970."""
        return np.asarray(self.began() + slots * (self.hours * SECONDS_PER_HOUR), np.float64)

    def cells(self, longitude: Floats, latitude: Floats) -> NDArray[np.intp]:
        """Return the number of the cell at each place, row by row from the south; -1 outside."""
        x = np.floor((longitude - self.west) / self.width)
        y = np.floor((latitude - self.south) / self.height)
        inside = self.holds(x, y)
        number = np.where(inside, y * self.columns + x, -1)
        return number.astype(np.intp)

    def holds(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Tell which cells there are."""
        inside = (x >= 0) & (x < self.columns) & (y >= 0) & (y < self.rows)
        return np.asarray(inside, np.bool_)

    def centres(self, cells: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return longitude and latitude of the middle of each cell."""
        x, y = cells % self.columns, cells // self.columns
        return self.west + (x + 0.5) * self.width, self.south + (y + 0.5) * self.height

    def counted(self, events: Floats) -> NDArray[np.int32]:
        """Count events (seconds, longitude, latitude; shape (n, 3)) by interval and cell.

        Returns shape (intervals until the last event, rows, columns); what is outside is left out. Raises
        InvalidData for events too long after the origin.
        """
        slots = np.floor(self.slots(events[:, 0]))
        cells = self.cells(events[:, 1], events[:, 2])
        kept = (slots >= 0) & (cells >= 0)
        length = int(slots.max(initial=-1)) + 1
        if length > self.longest:
            raise InvalidData(
                f"The last event lies {length} intervals after the grid's origin; {self.longest} are the "
                "most for so many cells."
            )
        area = self.rows * self.columns
        flat = slots[kept].astype(np.intp) * area + cells[kept]
        counts = np.bincount(flat, minlength=length * area).astype(np.int32)
        return counts.reshape(length, self.rows, self.columns)


def reaching(counts: NDArray[Any], slots: NDArray[Any]) -> NDArray[Any]:
    """Return counts with an empty interval for each that is missing before any of `slots`."""
    short = max(int(slots.max(initial=0)) - len(counts), 0)
    return np.pad(counts, ((0, short), (0, 0), (0, 0)))
