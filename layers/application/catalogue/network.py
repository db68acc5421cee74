"""`network.regressor` and `network.classifier`: feed-forward networks (multi-layer perceptrons)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.layered import (
    VALIDATED,
    Layered,
    LayeredClassifier,
    LayeredRegressor,
    Units,
    layers_of,
    may_validate,
)
from minerva.layers.application.catalogue.supervised import Learnt, sklearn

SEARCH_SPACE = {
    "learning_rate": {"low": 0.0001, "high": 0.1, "log": True},
    "penalty": {"low": 1e-6, "high": 0.1, "log": True},
    "activation": {"values": ["relu", "tanh"]},
}


class NetworkParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    layers: Annotated[
        tuple[Units, ...],
        Meta(min_length=1, max_length=8, description="Units of each hidden layer"),
    ] = (64, 32)
    activation: Annotated[
        Literal["relu", "tanh"], Meta(description="What a unit makes of its sum")
    ] = "relu"
    learning_rate: Annotated[
        float, Meta(gt=0, le=1, description="How far the weights move at first (Adam)")
    ] = 0.003
    penalty: Annotated[
        float, Meta(ge=0, le=1000, description="How strongly large weights are held back")
    ] = 0.0001
    max_epochs: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Most passes over the rows; ends when nothing gains"),
    ] = 300


class _Network(Layered):
    Parameters = NetworkParameters
    search_space = SEARCH_SPACE

    def grown(
        self, learner: str, rows: Matrix, truth: NDArray[Any], context: TrainingContext
    ) -> Learnt:
        wanted: NetworkParameters = context.parameters
        network = getattr(sklearn("neural_network"), learner)(
            hidden_layer_sizes=wanted.layers,
            activation=wanted.activation,
            learning_rate_init=wanted.learning_rate,
            alpha=wanted.penalty,
            max_iter=wanted.max_epochs,
            early_stopping=may_validate(truth, number=self.number),
            validation_fraction=VALIDATED,
            random_state=context.seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sklearn("exceptions").ConvergenceWarning)
            network.fit(rows, truth)
        return {"tanh": np.array([wanted.activation == "tanh"]), **layers_of(network)}

    def passed(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
        """Return the sums of the last layer."""
        count = sum(name.startswith("weights") for name in learnt)
        for at in range(count):
            if at:
                rows = np.tanh(rows) if learnt["tanh"][0] else np.maximum(rows, 0)
            rows = rows @ learnt[f"weights{at}"] + learnt[f"start{at}"]
        return rows


class NetworkRegressor(_Network, LayeredRegressor):
    """A number from layers of units, each a sum that is bent."""

    name = "network.regressor"
    example = "examples/catalogue/services/diabetes-network.yaml"
    instead = "network.classifier"


class NetworkClassifier(_Network, LayeredClassifier):
    """Which class, from layers of units, each a sum that is bent."""

    name = "network.classifier"
    example = "examples/catalogue/services/tumours-network.yaml"
    instead = "network.regressor"
