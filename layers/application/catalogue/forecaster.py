"""`seasonal.forecaster`: trend, seasons and what was last, of one series or many, with an interval.

Harmonic regression whose errors follow from those before (Hyndman, Athanasopoulos, Forecasting: principles
and practice, 2021, chapter 10); the interval is conformal: errors of forecasts of rows that were put aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    InvalidData,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.layers.application.catalogue import seasonal
from minerva.layers.application.catalogue.arrays import learnt_of, load_arrays, save_arrays
from minerva.layers.application.catalogue.beside import Beside, members, places
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.forecast_parts import (
    SeasonalParameters,
    check,
    moments,
    parts,
    scaled,
    series_of,
)
from minerva.layers.application.catalogue.supervised import Learnt
from minerva.layers.application.truth import numbers

FORECASTING = "forecasting"
PUT_ASIDE = 0.2
"""Share of the history that the interval is measured on."""
FREE, LEAST_PENALTY = 2, 1e-6
"""Level and trend come first."""
MOST_GRID = 2_000_000
"""Steps between the first and the last moment of a series."""


class ForecasterParameters(SeasonalParameters, frozen=True, kw_only=True):
    """Parameters of `seasonal.forecaster`."""

    lags: Annotated[
        int, Meta(ge=0, le=100, description="Errors that the next one follows from")
    ] = 3


@dataclass(frozen=True, eq=False)
class ForecasterModel:
    """Weights for each series, and its residuals to come."""

    algorithm: str
    context: Context
    beside: Beside
    learnt: Mapping[str, NDArray[Any]]

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        series, steps, said = self._told(batch)
        ahead = np.clip(steps - 1, 0, len(self.learnt["width"]) - 1)
        width = self.learnt["width"][ahead] * self.learnt["spread"][series]
        bounds = np.column_stack([said, said - width, said + width])
        if self.context.parameters.scale == "log":
            bounds = np.exp(np.minimum(bounds, np.log(np.finfo(np.float64).max)))
        return dict(zip(self.context.schema.output, bounds.T, strict=False))

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        arrays = {**self.beside.arrays(), **self.learnt}
        save_arrays(folder, arrays, {"algorithm": self.algorithm})

    def _told(self, batch: Batch) -> tuple[NDArray[np.intp], NDArray[np.int64], Matrix]:
        """Return each row's series, its steps after the last one known, and what is told of it."""
        learnt, last = self.learnt, len(self.learnt["series"])
        known = places(learnt["series"], series_of(batch, self.context))
        series = np.where(known < 0, last, known)
        times = np.nan_to_num(np.asarray(batch[self.context.parameters.time], np.float64))
        rows = design(times, self.beside.matrix(batch), learnt, self.context)
        said = (rows * learnt["weights"][series]).sum(axis=1)
        steps = np.rint((times - learnt["end"][series]) / learnt["clock"][1])
        steps = np.clip(steps, -1, MOST_GRID).astype(np.int64)
        ahead = np.clip(steps - 1, 0, learnt["path"].shape[1] - 1)
        near = (steps >= 1) & (steps <= learnt["path"].shape[1])
        said = said + np.where(near, learnt["path"][series, ahead], 0.0)
        return series, steps, said * learnt["spread"][series] + learnt["mean"][series]


class Forecaster(Algorithm):
    """A number at a later time, from trend, seasons and what was last; two more outputs are its bounds."""

    name = "seasonal.forecaster"
    example = "examples/catalogue/services/passengers-forecast.yaml"
    problem = FORECASTING
    runtime = "inline"
    Parameters: ClassVar[type[SeasonalParameters]] = ForecasterParameters
    search_space = {  # noqa: RUF012 - nobody changes it
        "waves": {"low": 1, "high": 12},
        "penalty": {"low": 0.01, "high": 1000.0, "log": True},
        "lags": {"low": 0, "high": 8},
    }

    def train(self, data: TrainingData, context: TrainingContext) -> ForecasterModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other outputs and inputs."""
        check(context)
        times, truth = moments(data.inputs, context), scaled(numbers(data), context)
        order = np.argsort(times, kind="stable")
        first = order[: round(len(order) * (1 - PUT_ASIDE))]
        judged = np.setdiff1d(np.arange(len(order)), first)
        model = self.fitted(data.inputs, times, truth, context)
        early = self.fitted(data.inputs.take(first), times[first], truth[first], context)
        width = _width(early, data.inputs.take(judged), truth[judged], context)
        return replace(model, learnt={**model.learnt, "width": width})

    def fitted(
        self, batch: Batch, times: Matrix, truth: Matrix, context: TrainingContext
    ) -> ForecasterModel:
        """Return a model of rows; its last series is that of no name, for those that are not known."""
        beside = Beside.fitted(batch, parts(context))
        known, which = np.unique(series_of(batch, context), return_inverse=True)
        learnt = _measured(times, truth, known, which, context)
        rows = design(times, beside.matrix(batch), learnt, context)
        even = (truth - learnt["mean"][which]) / learnt["spread"][which]
        heed = seasonal.heed(times, context.parameters.recent)
        penalties = np.full(rows.shape[1], context.parameters.penalty)
        penalties[:FREE] = LEAST_PENALTY  # what all have in common is held back in its waves only
        common = seasonal.ridge(rows, even, heed, penalties, np.zeros(rows.shape[1]))
        own = [
            seasonal.ridge(rows[mine], even[mine], heed[mine], context.parameters.penalty, common)
            for mine in members(which, len(known))
        ]
        weights = np.array([*own, common])
        left = even - (rows * weights[which]).sum(axis=1)
        grids = on_grids(times, left, which, len(known), learnt["clock"][1])
        paths = np.array([*self.ahead(grids, context), np.zeros(context.parameters.horizon)])
        learnt |= {"series": known, "weights": weights, "path": paths, "width": np.zeros(1)}
        return ForecasterModel(self.name, context, beside, learnt)

    def ahead(self, grids: Sequence[Matrix], context: TrainingContext) -> list[Matrix]:
        """Return the errors to come of each series, shape (horizon,), from those that were."""
        wanted: ForecasterParameters = context.parameters
        follows = seasonal.memory(grids, wanted.lags)
        return [seasonal.path(grid, follows, wanted.horizon) for grid in grids]

    def load(self, folder: Path, context: Context) -> ForecasterModel:
        """Read back what `save` wrote."""
        check(context)
        arrays, _ = load_arrays(folder)
        return ForecasterModel(
            self.name,
            context,
            Beside.kept(context.schema, arrays, parts(context)),
            learnt_of(arrays),
        )


def design(times: Matrix, others: Matrix, learnt: Mapping[str, Any], context: Context) -> Matrix:
    """Return what weights are for: 1, the trend, waves, and the other inputs; shape (n, …)."""
    start, step, span = learnt["clock"].tolist()
    wanted: SeasonalParameters = context.parameters
    waves = seasonal.waves(times, learnt["seasons"].tolist(), wanted.waves, step)
    trend = np.clip((times - start) / span, -1.0, 3.0)[:, np.newaxis] * wanted.trend
    return np.concatenate([np.ones((len(times), 1)), trend, waves, others], axis=1)


def _measured(
    times: Matrix, truth: Matrix, known: NDArray[Any], which: NDArray[Any], context: Context
) -> Learnt:
    """Return clock, seasons, and for each series its mean, its spread and where it ends."""
    apart = np.diff(np.unique(times))
    step, span = float(np.median(apart)), float(times.max() - times.min())
    moment = context.schema.inputs[context.parameters.time].type is FieldType.TIMESTAMP
    given = list(context.parameters.seasons)
    seasons = given or (seasonal.usual_seasons(step, span) if moment else [])
    rows = members(which, len(known))
    groups = [*(truth[mine] for mine in rows), truth]
    ends = [float(times[mine].max()) for mine in rows]
    return {
        "clock": np.array([times.min(), step, span]),
        "seasons": np.array(seasons, np.float64),
        "mean": np.array([group.mean() for group in groups]),
        "spread": np.array([group.std() or 1.0 for group in groups]),
        "end": np.array([*ends, times.max()]),
    }


def on_grids(
    times: Matrix, left: Matrix, which: NDArray[Any], count: int, step: float
) -> list[Matrix]:
    """Return what is left of each series step by step. Raises InvalidData for steps beyond number."""
    grids = []
    for mine in members(which, count):
        steps = np.rint((times[mine] - times[mine].min()) / step)
        if steps.max() > MOST_GRID:
            raise InvalidData("The times of a series are too far apart for the step between them.")
        grids.append(seasonal.on_grid(steps.astype(np.int64), left[mine]))
    return grids


def _width(early: ForecasterModel, batch: Batch, truth: Matrix, context: TrainingContext) -> Matrix:
    """Return how far, in spreads, the interval reaches at each step ahead; shape (horizon,)."""
    wanted: SeasonalParameters = context.parameters
    series, steps, said = early._told(batch)  # noqa: SLF001 - of the same module
    error = np.abs(truth - said) / early.learnt["spread"][series]
    return seasonal.reach(error, np.clip(steps, 1, wanted.horizon), wanted.level, wanted.horizon)
