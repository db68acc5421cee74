"""Who bears a forecast: how much of each district it flags, beside what really happens there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policing import city
from policing.judging import Floats, flags

LOOKED_BACK = 84
"""Days whose records send the patrols."""
EVERY = 28
"""Days after which patrols are sent anew."""
ALERT, ASIDE = 0.95, 0.4
"""Chance that an event is recorded where patrols are, and where none is."""


@dataclass(frozen=True)
class District:
    """What a forecast says of one district, per interval, and what there is."""

    name: str
    flagged: float
    """Share of its area that is flagged, on the average."""
    expected: float
    """Events that are forecast."""
    recorded: float
    happened: float

    @property
    def calibration(self) -> float:
        """Return what is expected for each event that happens."""
        return self.expected / self.happened

    @property
    def seen(self) -> float:
        """Return the share of what happens that is recorded."""
        return self.recorded / self.happened


def districts(
    forecast: Floats, recorded: Floats, happened: Floats, of: NDArray[np.str_], share: float
) -> list[District]:
    """Return each district, in the order of `city.DISTRICTS`; all of shape (intervals, cells)."""
    flagged = flags(forecast, share)
    told = []
    for name in city.DISTRICTS:
        cells = of == name
        rates = (
            column[:, cells].sum() / len(forecast) for column in (forecast, recorded, happened)
        )
        told.append(District(name, float(flagged[:, cells].mean()), *map(float, rates)))
    return told


def cell_districts() -> NDArray[np.str_]:
    """Return the district of each cell of the city."""
    cells = np.arange(city.GRID.columns * city.GRID.rows)
    middles = np.stack([cells % city.GRID.columns, cells // city.GRID.columns]) + 0.5
    x, y = (middles * city.GRID.cell_km).astype(np.float64)
    return city.district_of(x, y)


@dataclass(frozen=True)
class Round:
    """Where patrols are for some weeks."""

    day: int
    patrolled: Mapping[str, float]
    """District → its share of all patrols."""


def feedback(seeds: Iterable[int], share: float) -> list[Round]:
    """Send patrols where records were, again and again; the mean of several cities.

    The first year is recorded with a bias, then with none but that of the patrols themselves, who record
    more where they are: the loop of Lum and Isaac (2016) and of Ensign and others (2018). What they go by
    is the simplest forecast, the records of each cell.
    """
    all_ = [_loop(city.happened(seed), share, np.random.default_rng([seed, 2])) for seed in seeds]
    return [
        Round(
            day, {name: float(np.mean([one[at][name] for one in all_])) for name in city.DISTRICTS}
        )
        for at, day in enumerate(_days())
    ]


def _days() -> range:
    return range(city.DAYS // 2, city.DAYS - EVERY, EVERY)


def _loop(
    events: city.Events, share: float, chance: np.random.Generator
) -> list[Mapping[str, float]]:
    of, cells = cell_districts(), _cells(events)
    lot = chance.random(len(events))
    known = lot < np.array([city.BIASED[name] for name in of])[cells]
    rounds: list[Mapping[str, float]] = []
    for day in _days():
        lately = known & (events.days >= day - LOOKED_BACK) & (events.days < day)
        counts = np.bincount(cells[lately], minlength=len(of)).astype(np.float64)
        sent = flags(counts[np.newaxis], share)[0]
        now = (events.days >= day) & (events.days < day + EVERY)
        seen = ASIDE + (ALERT - ASIDE) * sent
        known = np.where(now, lot < seen[cells], known)
        rounds.append({name: float(sent[of == name].sum() / sent.sum()) for name in city.DISTRICTS})
    return rounds


def _cells(events: city.Events) -> NDArray[np.intp]:
    x, y = (np.floor(km / city.GRID.cell_km).astype(np.intp) for km in (events.x, events.y))
    return np.asarray(y * city.GRID.columns + x, np.intp)
