"""`neighbours.regressor` and `neighbours.classifier`: what the most similar known rows say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.nearest import nearest
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    Supervised,
    sampled,
    sampled_of_each,
)

SEARCH_SPACE = {
    "neighbours": {"low": 1, "high": 100, "log": True},
    "weights": {"values": ["equal", "distance"]},
}
CLOSEST = 1e-9
"""Distance below which two rows are the same."""


class NeighbourParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    neighbours: Annotated[int, Meta(ge=1, le=1000, description="How many rows are asked")] = 15
    weights: Annotated[
        Literal["equal", "distance"],
        Meta(description="distance: the closer a row, the more it counts"),
    ] = "distance"
    max_rows: Annotated[
        int,
        Meta(ge=20, le=1_000_000, description="Rows that are kept, chosen at random beyond that"),
    ] = 20_000


class _Neighbours(Supervised):
    Parameters = NeighbourParameters
    search_space = SEARCH_SPACE

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Keep the rows."""
        wanted: NeighbourParameters = context.parameters
        if self.number:
            kept = sampled(len(rows), wanted.max_rows, context.seed)
        else:
            kept = sampled_of_each(truth, wanted.max_rows, context.seed)
        asked = min(wanted.neighbours, len(kept))
        return {
            "rows": rows[kept],
            "truth": truth[kept],
            "asked": np.array([asked, wanted.weights == "distance"]),
        }

    def _nearest(
        self, learnt: Mapping[str, NDArray[Any]], rows: Matrix
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the nearest known rows of each, and their weights; both of shape (n, asked)."""
        known, (asked, by_distance) = learnt["rows"], learnt["asked"].tolist()
        places, far = nearest(known, rows, asked)
        weights = 1 / np.maximum(far, CLOSEST) if by_distance else np.ones_like(far)
        return places, weights / weights.sum(axis=1, keepdims=True)


class NeighboursRegressor(_Neighbours):
    """A number as the mean of the most similar rows."""

    name = "neighbours.regressor"
    example = "examples/catalogue/services/diabetes-neighbours.yaml"
    instead = "neighbours.classifier"
    problem = REGRESSION

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return the weighted mean."""
        places, weights = self._nearest(learnt, rows)
        return np.asarray((learnt["truth"][places] * weights).sum(axis=1), np.float64)


class NeighboursClassifier(_Neighbours):
    """Which class most of the similar rows have."""

    name = "neighbours.classifier"
    example = "examples/catalogue/services/wine-neighbours.yaml"
    instead = "neighbours.regressor"
    problem = CLASSIFICATION

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return each class's share of the weights."""
        places, weights = self._nearest(learnt, rows)
        votes = learnt["truth"][places][:, :, np.newaxis] == np.arange(len(learnt["classes"]))
        return np.asarray((votes * weights[:, :, np.newaxis]).sum(axis=1), np.float64)
