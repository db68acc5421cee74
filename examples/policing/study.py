"""What is forecast, learnt from and judged: the made city, and real earthquakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.application.steps.density import DensityParameters, densities
from minerva.layers.application.steps.grid import Grid
from policing.judging import Floats

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Study:
    """A flow, and which intervals it learns from and is judged by; numbers count intervals from 0."""

    flow: str
    first: int
    """The first that it learns from: there must be a history before."""
    judged: int
    """The first that it is judged by; what it learns from ends before."""
    end: int
    every: int
    """It learns from one interval of so many; without a common divisor with `week`, so all hours occur."""
    week: int
    day: int
    """Intervals of a week and of a day."""

    @property
    def grid(self) -> Grid:
        """Return the grid that the flow's file declares."""
        return msgspec.convert(self._parameters("place"), Grid)

    def _parameters(self, step: str) -> Any:
        declared = read_extended(HERE / "flows" / f"{self.flow}.yaml").value
        return declared["parameters"]["steps"][step]["parameters"]

    def learnt(self) -> NDArray[np.intp]:
        """Return the intervals to learn from."""
        return np.arange(self.first, self.judged, self.every)

    def later(self) -> NDArray[np.intp]:
        """Return the intervals to be judged by."""
        return np.arange(self.judged, self.end)

    def counts(self, events: pd.DataFrame) -> Floats:
        """Return all events by interval and cell, shape (end, cells)."""
        known = self.grid.counted(_points(events))
        counted = np.zeros((self.end, self.grid.rows * self.grid.columns))
        counted[: len(known)] = known.reshape(len(known), -1)[: self.end]
        return counted

    def density(self, events: pd.DataFrame, slots: NDArray[np.intp]) -> Floats:
        """Return the map that the flow's step `lasting` makes of what was before each of some intervals."""
        wanted = msgspec.convert(self._parameters("lasting"), DensityParameters)
        cells = self.grid.rows * self.grid.columns
        places = np.column_stack(self.grid.centres(np.tile(np.arange(cells), len(slots))))
        starts = np.repeat(self.grid.starts(slots), cells)
        return densities(_points(events), places, starts, wanted).reshape(len(slots), cells)

    def questions(self, slots: NDArray[np.intp]) -> pd.DataFrame:
        """Return a record for each cell of each interval, interval by interval."""
        grid = self.grid
        cells = np.tile(np.arange(grid.rows * grid.columns), len(slots))
        starts = np.repeat(grid.starts(slots), grid.rows * grid.columns)
        at = pd.to_datetime(starts, unit="s").strftime("%Y-%m-%dT%H:%M:%SZ")
        x, y = cells % grid.columns, cells // grid.columns
        return pd.DataFrame({"cell_x": x, "cell_y": y, "start": at})

    def training(self, events: pd.DataFrame) -> pd.DataFrame:
        """Return the training rows: questions of the past, and how many events came."""
        slots = self.learnt()
        return self.questions(slots).assign(events=self.counts(events)[slots].ravel())


def _points(events: pd.DataFrame) -> Floats:
    at = pd.to_datetime(events["time"], utc=True, format="ISO8601")
    seconds = (at - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.column_stack([seconds, events["lon"], events["lat"]]).astype(np.float64)


CITY = Study("policing", first=546, judged=1827, end=2193, every=4, week=21, day=3)
"""Learns from July 2024 to August 2025, is judged by September to December 2025."""
EARTHQUAKES = Study("earthquakes", first=30, judged=91, end=122, every=1, week=7, day=1)
"""Learns from May and June 2024, is judged by July 2024."""
