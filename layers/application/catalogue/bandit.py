"""`linear.bandit`: the action that may bring most, learnt from actions taken and what they brought.

One weighted sum for each action, and how sure it is (LinUCB; Li, Chu, Langford, Schapire, 2010).
"""

from __future__ import annotations

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
from minerva.layers.application.truth import refuse_rows
from minerva.schema.field import NUMERIC

BANDIT = "bandit"


class BanditParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `linear.bandit`."""

    explore: Annotated[
        float,
        Meta(
            ge=0,
            le=1000,
            description="How much an action gains by being little known, in deviations",
        ),
    ] = 0.1
    penalty: Annotated[
        float, Meta(gt=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 1.0


@dataclass(frozen=True, eq=False)
class BanditModel:
    """Weights of each action, and how little is known around them."""

    context: Context
    features: Features
    learnt: Mapping[str, NDArray[Any]]

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`: the action as an index, and the reward that is expected of it."""
        rows = _design(self.features.matrix(batch))
        expected = rows @ self.learnt["weights"].T
        unsure = np.column_stack(
            [((rows @ one) * rows).sum(axis=1) for one in self.learnt["unknown"]]
        )
        chance = expected + self.learnt["worth"] * np.sqrt(np.maximum(unsure, 0))
        best = chance.argmax(axis=1)
        said = (best, expected[np.arange(len(rows)), best])
        return dict(zip(self.context.schema.output, said, strict=True))

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        arrays = {**self.features.arrays(), **self.learnt}
        save_arrays(folder, arrays, {"algorithm": LinearBandit.name})


class LinearBandit(Algorithm):
    """Which action may bring most here, and how much is expected; little-known actions gain (LinUCB)."""

    name = "linear.bandit"
    example = "examples/catalogue/services/wine-bandit.yaml"
    problem = BANDIT
    runtime = "inline"
    Parameters = BanditParameters
    search_space = {"penalty": {"low": 0.01, "high": 1000.0, "log": True}}  # noqa: RUF012 - nobody changes it

    def train(self, data: TrainingData, context: TrainingContext) -> BanditModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other outputs."""
        action, reward = _check(context.schema)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        taken = np.asarray(data.targets[action], np.float64)
        brought = np.asarray(data.targets[reward], np.float64)
        refuse_rows(~np.isfinite(taken) | (taken < 0), action)
        refuse_rows(~np.isfinite(brought), reward)
        features = Features.fitted(data.inputs)
        rows = _design(features.matrix(data.inputs))
        wanted: BanditParameters = context.parameters
        count = len(context.schema.output[action].values)
        found = [
            _arm(rows[taken == one], brought[taken == one], brought.mean(), wanted)
            for one in range(count)
        ]
        learnt = {
            "weights": np.array([weights for weights, _ in found]),
            "unknown": np.array([unknown for _, unknown in found]),
            "worth": np.array([wanted.explore * float(brought.std())]),
        }
        return BanditModel(context, features, learnt)

    def load(self, folder: Path, context: Context) -> BanditModel:
        """Read back what `save` wrote."""
        _check(context.schema)
        arrays, _ = load_arrays(folder)
        features = Features.kept(context.schema, arrays, scaled=True)
        return BanditModel(context, features, learnt_of(arrays))


def _arm(
    rows: Matrix, brought: Matrix, usual: float, wanted: BanditParameters
) -> tuple[Matrix, Matrix]:
    """Return the weights of an action, the usual reward where nothing is known; and how little is known."""
    unknown = np.linalg.inv(rows.T @ rows + wanted.penalty * np.eye(rows.shape[1]))
    weights = unknown @ rows.T @ (brought - usual)
    weights[0] += usual
    return np.asarray(weights, np.float64), np.asarray(unknown, np.float64)


def _design(rows: Matrix) -> Matrix:
    return np.concatenate([np.ones((len(rows), 1)), rows], axis=1)


def _check(schema: Schema) -> tuple[str, str]:
    """Return the names of action and reward. Raises InvalidConfiguration for other outputs."""
    kinds = [field.type for field in schema.output.values()]
    if len(kinds) != 2 or kinds[0] is not FieldType.CATEGORY or kinds[1] not in NUMERIC:  # noqa: PLR2004 - an action and its reward
        raise InvalidConfiguration(
            f"{LinearBandit.name} gives a category, the action, and then a number, its reward.",
            faults=[Fault("/schema/output", "is to be a category, then a number")],
        )
    action, reward = schema.output
    return action, reward
