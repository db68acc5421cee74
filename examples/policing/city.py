"""Make two years of events in a city that does not exist, and what its police would have recorded of them.

Run: PYTHONPATH=examples python -m policing.city [--biased] [FOLDER]
Everything is drawn by lot from rates that stand below; the city lies in the open Atlantic.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import erf, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerva.layers.application.steps.grid import Grid

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
GRID = Grid(west=-30.0, south=40.0, cell_km=0.5, columns=16, rows=16, origin="2024-01-01", hours=8)
DAYS = 731
SHIFTS = 3
"""Intervals of a day: night (0 to 8), day (8 to 16), evening (16 to 24)."""
SIDE_KM = 8.0
KINDS = ("burglary", "theft", "vandalism", "assault")
GROWTH_A_YEAR = 0.08
REPEATS, REPEAT_KM, REPEAT_DAYS = 0.2, 0.15, 6.0
"""Near repeats: so many an event draws after itself, how far away and how much later."""
DISTRICTS = ("Milltown", "Parkside", "Hillside", "Harbour")
"""South-west, south-east, north-west, north-east; the first two are each other's mirror image."""
EVEN: Mapping[str, float] = dict.fromkeys(DISTRICTS, 0.7)
BIASED: Mapping[str, float] = {**EVEN, "Milltown": 0.95, "Parkside": 0.4}
"""District → the chance that what happens there is recorded: where patrols are, more is seen."""


@dataclass(frozen=True)
class Spot:
    """A place where events gather."""

    name: str
    kind: str
    x: float
    y: float
    """km from the south-western corner."""
    per_day: float
    shifts: tuple[float, float, float] = (1.0, 1.0, 1.0)
    weekend: float = 1.0
    summer: float = 0.0
    """How far it follows the year: 1 is nothing in winter."""
    days: tuple[int, int] = (0, DAYS)
    """When it is there."""
    spread_km: float = 0.3


SPOTS = (
    Spot("Station", "theft", 1.8, 6.2, 3.0, (0.4, 1.2, 1.4)),
    Spot("Market", "theft", 3.2, 4.9, 2.0, (0.0, 2.4, 0.6), weekend=1.6),
    Spot("Old Depot", "vandalism", 0.8, 4.7, 2.5, (1.8, 0.3, 0.9), days=(0, 420)),
    Spot("Quay", "assault", 6.3, 6.6, 3.0, (1.9, 0.1, 1.0), weekend=2.4),
    Spot("Beach", "theft", 7.4, 5.1, 2.0, (0.3, 1.6, 1.1), weekend=1.5, summer=1.0),
    Spot("New Quarter", "vandalism", 4.9, 7.3, 2.5, (1.6, 0.4, 1.0), days=(450, DAYS)),
    Spot("Mill Lane", "burglary", 2.2, 1.7, 2.0, (0.8, 1.5, 0.7)),
    Spot("Park Lane", "burglary", 5.8, 1.7, 2.0, (0.8, 1.5, 0.7)),
    Spot("Mill Bridge", "assault", 0.9, 3.1, 1.2, (1.7, 0.2, 1.1), weekend=1.8),
    Spot("Park Gate", "assault", 7.1, 3.1, 1.2, (1.7, 0.2, 1.1), weekend=1.8),
)

EVERYWHERE = Spot("", "", 0, 0, 14.0, (0.8, 1.0, 1.2), summer=0.2)
"""What happens beside them; each cell has a part of it."""


@dataclass(frozen=True, eq=False)
class Events:
    """n events in order of time; `x` and `y` in km from the corner."""

    days: Floats
    """Since the beginning."""
    x: Floats
    y: Floats
    kinds: NDArray[np.str_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Events:
        """Return some of them."""
        return Events(self.days[rows], self.x[rows], self.y[rows], self.kinds[rows])

    def districts(self) -> NDArray[np.str_]:
        """Return the district of each."""
        return district_of(self.x, self.y)

    def table(self) -> pd.DataFrame:
        """Return type, time, longitude and latitude, as a legacy system exports them."""
        at = pd.Timestamp(began(), unit="s") + pd.to_timedelta(self.days, unit="D")
        return pd.DataFrame(
            {
                "type": self.kinds,
                "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lon": (GRID.west + self.x / GRID.cell_km * GRID.width).round(6),
                "lat": (GRID.south + self.y / GRID.cell_km * GRID.height).round(6),
            }
        )


def began() -> float:
    """Return when the city's records begin, seconds since 1970."""
    return datetime.fromisoformat(GRID.origin).replace(tzinfo=UTC).timestamp()


def district_of(x: Floats, y: Floats) -> NDArray[np.str_]:
    """Return the quarter of the city at each place."""
    quarter = (x >= SIDE_KM / 2).astype(int) + 2 * (y >= SIDE_KM / 2)
    return np.asarray(np.array(DISTRICTS)[quarter])


def happened(seed: int = 0) -> Events:
    """Return all that happens, recorded or not."""
    chance = np.random.default_rng(seed)
    parts = [_background(chance, seed), *(_at(spot, chance) for spot in SPOTS)]
    first = _joined(parts)
    parts, young = [first], first
    while len(young):
        young = _repeats(young, chance)
        parts.append(young)
    return _joined(parts)


def rates(seed: int = 0) -> Floats:
    """Return how many events to expect by interval and cell, shape (DAYS * SHIFTS, cells).

    What the simulator draws from; near repeats as the mean of the day, for when they come is chance.
    """
    first = np.outer(_rates(EVERYWHERE), _anywhere(seed))
    for spot in SPOTS:
        first += np.outer(_rates(spot), _part_of_cells(spot))
    daily = first.reshape(DAYS, SHIFTS, -1).mean(axis=1)
    return first + REPEATS / (1 - REPEATS) * np.repeat(daily, SHIFTS, axis=0)


def recorded(
    events: Events, chances: Mapping[str, float] = EVEN, seed: int = 1, since: float = 0.0
) -> Events:
    """Return what is recorded: by lot, as the district's chance says, from the day `since` on."""
    lot = np.random.default_rng(seed).random(len(events))
    told = np.array([[EVEN[name], chances[name]] for name in DISTRICTS])
    which = np.searchsorted(np.sort(DISTRICTS), events.districts())
    late = (events.days >= since).astype(int)
    return events.take(lot < told[np.argsort(DISTRICTS)[which], late])


def _rates(spot: Spot) -> Floats:
    """Return how many events each interval brings, shape (DAYS * SHIFTS,)."""
    day = np.repeat(np.arange(DAYS), SHIFTS)
    weekend = np.where(day % 7 >= 5, spot.weekend, 1.0)  # noqa: PLR2004 - the first day is a Monday
    year = 1 + spot.summer * np.sin(2 * np.pi * (day - 105) / 365.25)
    there = (day >= spot.days[0]) & (day < spot.days[1])
    growth = 1 + GROWTH_A_YEAR * day / 365.25
    rates = spot.per_day / SHIFTS * np.tile(spot.shifts, DAYS) * weekend * year * growth * there
    return np.asarray(rates, np.float64)


def _times(rates: Floats, chance: np.random.Generator) -> Floats:
    slots = np.repeat(np.arange(len(rates)), chance.poisson(rates))
    return (slots + chance.random(len(slots))) / SHIFTS


def _at(spot: Spot, chance: np.random.Generator) -> Events:
    days = _times(_rates(spot), chance)
    x, y = chance.normal((spot.x, spot.y), spot.spread_km, (len(days), 2)).T
    return Events(days, x, y, np.full(len(days), spot.kind))


def _background(chance: np.random.Generator, seed: int) -> Events:
    """Return what happens anywhere."""
    days = _times(_rates(EVERYWHERE), chance)
    cells = chance.choice(GRID.rows * GRID.columns, len(days), p=_anywhere(seed))
    x = (cells % GRID.columns + chance.random(len(days))) * GRID.cell_km
    y = (cells // GRID.columns + chance.random(len(days))) * GRID.cell_km
    return Events(days, x, y, chance.choice(KINDS, len(days)))


def _anywhere(seed: int) -> Floats:
    """Return each cell's part of the background; the east is the west in a mirror."""
    chance = np.random.default_rng([seed, 1])
    west = chance.lognormal(0, 0.6, (GRID.rows, GRID.columns // 2))
    weights = np.hstack([west, west[:, ::-1]]).ravel()
    return np.asarray(weights / weights.sum())


def _part_of_cells(spot: Spot) -> Floats:
    """Return which part of a spot's events lies in each cell; some lie outside the city."""
    edges = np.arange(GRID.columns + 1) * GRID.cell_km
    below = [
        np.array([erf((edge - middle) / (spot.spread_km * sqrt(2))) / 2 for edge in edges])
        for middle in (spot.y, spot.x)
    ]
    return np.outer(*(np.diff(one) for one in below)).ravel()


def _repeats(events: Events, chance: np.random.Generator) -> Events:
    """Return what these events draw after themselves (self-exciting: Mohler and others, 2011)."""
    of = np.repeat(np.arange(len(events)), chance.poisson(REPEATS, len(events)))
    days = events.days[of] + chance.exponential(REPEAT_DAYS, len(of))
    x, y = chance.normal(0, REPEAT_KM, (2, len(of)))
    born = Events(days, events.x[of] + x, events.y[of] + y, events.kinds[of])
    return born.take(days < DAYS)


def _joined(parts: list[Events]) -> Events:
    days, x, y, kinds = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("days", "x", "y", "kinds")
    )
    inside = np.flatnonzero((x >= 0) & (x < SIDE_KM) & (y >= 0) & (y < SIDE_KM))
    order = inside[np.argsort(days[inside], kind="stable")]
    return Events(days[order], x[order], y[order], kinds[order])


def main() -> None:
    """Write events.csv: what was recorded."""
    parser = argparse.ArgumentParser(description="Make two years of a city that does not exist.")
    parser.add_argument("--biased", action="store_true", help="patrols see more in one district")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "data")
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    known = recorded(happened(), BIASED if told.biased else EVEN)
    known.table().to_csv(told.folder / "events.csv", index=False)
    print(f"{len(known):,} recorded events in {told.folder / 'events.csv'}")


if __name__ == "__main__":
    main()
