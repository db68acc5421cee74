"""`kernel.density`: how closely rows lie at a place, as a sum of hills, one for each known row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.catalogue.arrays import learnt_of, load_arrays, save_arrays
from minerva.layers.application.catalogue.features import Features, Matrix
from minerva.layers.application.catalogue.supervised import sampled
from minerva.layers.application.places import heights, on_earth

DENSITY = "density-estimation"
LEAST_WIDTH = 1e-6


class DensityParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `kernel.density`."""

    longitude: Annotated[
        str | None, Meta(description="Input in degrees; with latitude, places are on the earth")
    ] = None
    latitude: Annotated[
        str | None, Meta(description="Input in degrees, beside longitude and no other")
    ] = None
    width: Annotated[
        float,
        Meta(
            ge=0,
            le=1e6,
            description="Of a hill: in km on the earth, else in deviations; 0: Scott's rule",
        ),
    ] = 0.0
    share: Annotated[
        float, Meta(gt=0, lt=1, description="Share of the known rows that lie in hot spots")
    ] = 0.1
    max_rows: Annotated[
        int, Meta(ge=20, le=100_000, description="Rows that are kept, chosen at random beyond that")
    ] = 5000


@dataclass(frozen=True, eq=False)
class DensityModel:
    """Hills."""

    context: Context
    features: Features
    learnt: Mapping[str, NDArray[Any]]

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        dense = density(self.learnt, _points(self.features, batch, self.context))
        border = self.learnt["border"][0]
        hot = np.divide(dense, dense + border, out=np.zeros_like(dense), where=dense > 0)
        return dict(zip(self.context.schema.output, (dense, hot), strict=False))

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        arrays = {**self.features.arrays(), **self.learnt}
        save_arrays(folder, arrays, {"algorithm": KernelDensity.name})


class KernelDensity(Algorithm):
    """How closely rows lie at a place, per km² on the earth; a boolean beside it tells hot spots."""

    name = "kernel.density"
    example = "examples/catalogue/services/quakes-density.yaml"
    problem = DENSITY
    runtime = "inline"
    Parameters = DensityParameters

    def train(self, data: TrainingData, context: TrainingContext) -> DensityModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other outputs and inputs."""
        _check(context.schema, context.parameters)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        wanted: DensityParameters = context.parameters
        kept = data.inputs.take(sampled(len(data), wanted.max_rows, context.seed))
        features = Features.fitted(kept)
        rows = _points(features, kept, context)
        earth = wanted.longitude is not None
        across = 2 if earth else rows.shape[1]
        width = wanted.width or _usual_width(rows, across)
        unit = 1.0 if earth else float(np.prod(features.scaling.scale)) or 1.0
        whole = len(rows) * (2 * np.pi) ** (across / 2) * width**across * unit
        learnt = {"rows": rows, "hill": np.array([width, whole])}
        return DensityModel(
            context, features, {**learnt, "border": _border(learnt, rows, wanted.share)}
        )

    def load(self, folder: Path, context: Context) -> DensityModel:
        """Read back what `save` wrote."""
        _check(context.schema, context.parameters)
        arrays, _ = load_arrays(folder)
        features = Features.kept(context.schema, arrays, scaled=True)
        return DensityModel(context, features, learnt_of(arrays))


def density(learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
    """Return the height of all hills together at each row, shape (n,)."""
    width, whole = learnt["hill"].tolist()
    return np.asarray(heights(rows, learnt["rows"], width) / whole)


def _border(learnt: Mapping[str, NDArray[Any]], rows: Matrix, share: float) -> Matrix:
    """Return the density that so large a share of the known rows reaches, its own hill not counted."""
    own = 1 / learnt["hill"][1]
    dense = (density(learnt, rows) - own) * len(rows) / max(len(rows) - 1, 1)
    return np.array([max(float(np.quantile(dense, 1 - share)), np.finfo(np.float64).tiny)])


def _points(features: Features, batch: Batch, context: Context) -> Matrix:
    """Return places: in deviations, or in km in space, which near each other is as along the ground."""
    wanted: DensityParameters = context.parameters
    if wanted.longitude is None or wanted.latitude is None:
        return features.matrix(batch)
    fill = dict(zip(features.numbers, features.scaling.fill.tolist(), strict=True))
    at = {
        name: np.where(np.isnan(batch[name]), fill[name], batch[name])
        for name in (wanted.longitude, wanted.latitude)
    }
    return on_earth(at[wanted.longitude], at[wanted.latitude])


def _usual_width(rows: Matrix, across: int) -> float:
    """Return Scott's rule (1992) with the mean spread of the directions."""
    spread = float(np.sqrt(rows.var(axis=0).sum() / across))
    return max(spread * math.pow(len(rows), -1 / (across + 4)), LEAST_WIDTH)


def _check(schema: Schema, wanted: DensityParameters) -> None:
    kinds = [field.type for field in schema.output.values()]
    if kinds not in ([FieldType.NUMBER], [FieldType.NUMBER, FieldType.BOOLEAN]):
        raise InvalidConfiguration(
            f"{KernelDensity.name} gives a number, the density, perhaps a boolean, if it is a hot spot.",
            faults=[Fault("/schema/output", "is to be a number, then perhaps a boolean")],
        )
    pair = [name for name in (wanted.longitude, wanted.latitude) if name is not None]
    if pair and (len(set(pair)) < 2 or sorted(pair) != sorted(schema.features)):  # noqa: PLR2004 - a place on the earth has two
        raise InvalidConfiguration(
            "On the earth the inputs are longitude and latitude, and no other is used.",
            faults=[
                Fault("/parameters", "longitude and latitude are to name all inputs that are used")
            ],
        )
    numbers = {FieldType.NUMBER, FieldType.INTEGER, FieldType.TIMESTAMP}
    others = [name for name in schema.features if schema.inputs[name].type not in numbers]
    if others:
        raise InvalidConfiguration(
            f"{KernelDensity.name} takes numbers only: set `use: false` on the others.",
            faults=[Fault(f"/schema/inputs/{name}", "is no number") for name in others],
        )
