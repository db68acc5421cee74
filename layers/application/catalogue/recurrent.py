"""`recurrent.forecaster`: a network tells the next value of a series from those before, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from minerva import TrainingContext
from minerva.layers.application.catalogue import gated
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.forecast_parts import SeasonalParameters
from minerva.layers.application.catalogue.forecaster import Forecaster

FARTHER = 1.5
"""So much farther than any error that was, no error to come is."""


class RecurrentParameters(SeasonalParameters, frozen=True, kw_only=True):
    """Parameters of `recurrent.forecaster`; without waves the network itself learns the seasons."""

    waves: Annotated[int, Meta(ge=0, le=50, description="Most waves of each season")] = 0
    recent: Annotated[
        float,
        Meta(
            gt=0, le=100, description="Share of the history before which a row counts half as much"
        ),
    ] = 100.0
    units: Annotated[int, Meta(ge=1, le=256, description="Units of the network")] = 24
    window: Annotated[
        int, Meta(ge=2, le=1000, description="Steps that it looks back; a season or more")
    ] = 24
    passes: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Most passes over the series; ends when nothing gains"),
    ] = 150
    rate: Annotated[
        float, Meta(gt=0, le=1, description="How far the weights move at first (Adam)")
    ] = 0.01


class RecurrentForecaster(Forecaster):
    """A number at a later time, as a recurrent network goes on from what was; with an interval, too."""

    name = "recurrent.forecaster"
    Parameters = RecurrentParameters
    search_space = {  # noqa: RUF012 - nobody changes it
        "units": {"low": 8, "high": 32},
        "rate": {"low": 0.003, "high": 0.03, "log": True},
    }

    def ahead(self, grids: Sequence[Matrix], context: TrainingContext) -> list[Matrix]:
        """Let the network go on, its own answers taken for what was."""
        wanted: RecurrentParameters = context.parameters
        weights = gated.learnt(
            grids,
            wanted.units,
            wanted.window,
            wanted.passes,
            wanted.rate,
            context.seed,
            context.progress,
        )
        most = [FARTHER * float(np.nanmax(np.abs(grid), initial=0.0)) for grid in grids]
        return [
            gated.told(weights, grid, wanted.window, wanted.horizon, far)
            for grid, far in zip(grids, most, strict=True)
        ]
