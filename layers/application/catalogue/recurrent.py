"""`recurrent.forecaster`: a network tells the next value of a series from those before, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from minerva import TrainingContext
from minerva.layers.application.catalogue import gated, gated_training
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.forecast_parts import SeasonalParameters
from minerva.layers.application.catalogue.forecaster import Forecaster

VALIDATED = 0.15
"""Share of the windows that tell when to end."""
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
    example = "examples/catalogue/services/passengers-recurrent.yaml"
    Parameters = RecurrentParameters
    search_space = {  # noqa: RUF012 - nobody changes it
        "units": {"low": 8, "high": 32},
        "rate": {"low": 0.003, "high": 0.03, "log": True},
    }

    def ahead(self, grids: Sequence[Matrix], context: TrainingContext) -> list[Matrix]:
        """Let the network go on, its own answers taken for what was."""
        wanted: RecurrentParameters = context.parameters
        chance = np.random.default_rng(context.seed)
        given, next_ = gated.windows(grids, wanted.window, chance)
        judged = np.zeros(len(given), dtype=bool)
        judged[chance.permutation(len(given))[: int(len(given) * VALIDATED)]] = True
        weights = gated_training.learnt(
            given[:, :, np.newaxis],
            next_.astype(np.float32),
            judged,
            gated_training.Effort(wanted.units, 1, wanted.passes, wanted.rate),
            "next_value",
            context,
        )
        most = [FARTHER * float(np.nanmax(np.abs(grid), initial=0.0)) for grid in grids]
        return [
            gated.gone_on(weights, grid, wanted.window, wanted.horizon, far)
            for grid, far in zip(grids, most, strict=True)
        ]
