"""`places`: which points of interest fit a profile, by the angle between their weights and the profile."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidConfiguration,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.errors import Fault

FILE = "weights.npy"
SHARPNESS = 12.0
"""How much more a place gets that fits better: e to this power for each 1 of cosine similarity."""


class PlacesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `places`."""

    path: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="CSV file in the workspace: `place`, and a weight per input"
        ),
    ]


@dataclass(frozen=True, eq=False)
class PlacesModel:
    """The weights of the places, shape (places, inputs), each of length 1."""

    weights: NDArray[np.float64]
    output: str

    def predict(self, batch: Batch) -> Predictions:
        """Return scores that add up to 1: the softmax of the cosine similarities."""
        profile = np.nan_to_num(batch.matrix().astype(np.float64))
        profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-9)
        similar = (profile[:, np.newaxis] * self.weights).sum(axis=2)
        scores = np.exp(SHARPNESS * (similar - similar.max(axis=1, keepdims=True, initial=-1)))
        return {self.output: scores / scores.sum(axis=1, keepdims=True)}

    def save(self, folder: Path) -> None:
        """Write the weights."""
        np.save(folder / FILE, self.weights, allow_pickle=False)


class Places(Algorithm):
    """Places ranked by cosine similarity; the category's chances are the scores."""

    name = "places"
    Parameters = PlacesParameters
    needs_data = False
    runtime = "inline"

    def train(self, data: TrainingData, context: TrainingContext) -> PlacesModel:
        """Read the places. Raises InvalidConfiguration if they are not those of the schema."""
        del data
        rows = _rows(context.workspace, context.parameters.path)
        output, field = context.schema.target()
        if [row.get("place") for row in rows] != list(field.values):
            fault = Fault(f"/schema/output/{output}/values", "must be the places of the file")
            raise InvalidConfiguration("Schema and file name different places.", faults=[fault])
        weights = _weights(rows, tuple(context.schema.features))
        return PlacesModel(weights / np.linalg.norm(weights, axis=1, keepdims=True), output)

    def load(self, folder: Path, context: Context) -> PlacesModel:
        """Read what `save` wrote."""
        weights = np.load(folder / FILE, allow_pickle=False)
        return PlacesModel(weights, context.schema.target()[0])


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Places()]


def _rows(workspace: Path, path: str) -> list[dict[str, str]]:
    try:
        with (workspace / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        fault = Fault("/parameters/path", "no such file in the workspace")
        raise InvalidConfiguration("There is no file of places.", faults=[fault]) from error


def _weights(rows: Sequence[dict[str, str]], names: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.array([[float(row[name]) for name in names] for row in rows])
    except (KeyError, TypeError, ValueError) as error:
        fault = Fault("/parameters/path", f"needs numbers in the columns {', '.join(names)}")
        raise InvalidConfiguration("The file of places cannot be used.", faults=[fault]) from error
