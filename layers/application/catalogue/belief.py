"""`belief.regressor` and `belief.classifier`: deep belief networks.

Restricted Boltzmann machines are stacked, each learning without a truth what the one below says (Hinton,
Osindero, Teh, 2006); the network that they make is then fine-tuned with the truth, as any feed-forward one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any

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

PATIENCE, LEAST_GAIN = 25, 1e-5
"""Passes without such a gain that end it: sigmoids begin slowly."""
SEARCH_SPACE = {
    "learning_rate": {"low": 0.0003, "high": 0.03, "log": True},
    "passes": {"low": 1, "high": 40, "log": True},
}


class BeliefParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    layers: Annotated[
        tuple[Units, ...],
        Meta(min_length=1, max_length=6, description="Units of each machine, the lowest first"),
    ] = (64, 32)
    passes: Annotated[
        int, Meta(ge=1, le=1000, description="Passes over the rows for each machine, without truth")
    ] = 15
    machine_rate: Annotated[
        float, Meta(gt=0, le=1, description="How far a machine's weights move")
    ] = 0.05
    learning_rate: Annotated[
        float,
        Meta(gt=0, le=1, description="How far the weights move at first in fine-tuning (Adam)"),
    ] = 0.01
    penalty: Annotated[
        float, Meta(ge=0, le=1000, description="How strongly large weights are held back")
    ] = 0.0001
    max_epochs: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Most passes of fine-tuning; ends when nothing gains"),
    ] = 300


class _Belief(Layered):
    Parameters = BeliefParameters
    search_space = SEARCH_SPACE

    def grown(
        self, learner: str, rows: Matrix, truth: NDArray[Any], context: TrainingContext
    ) -> Learnt:
        """Stack the machines, then fine-tune the network that begins with their weights."""
        wanted: BeliefParameters = context.parameters
        low, high = rows.min(axis=0), rows.max(axis=0)
        learnt: Learnt = {"low": low, "span": np.where(high > low, high - low, 1.0)}
        seen = squeezed(learnt, rows)
        network = getattr(sklearn("neural_network"), learner)(
            hidden_layer_sizes=wanted.layers,
            activation="logistic",
            learning_rate_init=wanted.learning_rate,
            alpha=wanted.penalty,
            max_iter=1,
            early_stopping=may_validate(truth, number=self.number),
            validation_fraction=VALIDATED,
            random_state=context.seed,
            warm_start=True,
            n_iter_no_change=PATIENCE,
            tol=LEAST_GAIN,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sklearn("exceptions").ConvergenceWarning)
            network.fit(seen, truth)  # one pass makes room for the weights
            for at, (weights, start) in enumerate(machines(seen, wanted, context)):
                network.coefs_[at], network.intercepts_[at] = weights, start
            network.set_params(max_iter=wanted.max_epochs).fit(seen, truth)
        return learnt | layers_of(network)

    def passed(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
        """Return the sums of the last layer."""
        rows = squeezed(learnt, rows)
        count = sum(name.startswith("weights") for name in learnt)
        for at in range(count):
            if at:
                rows = 1 / (1 + np.exp(-np.clip(rows, -700, 700)))
            rows = rows @ learnt[f"weights{at}"] + learnt[f"start{at}"]
        return rows


class BeliefRegressor(_Belief, LayeredRegressor):
    """A number from stacked machines that first learn how rows look, then what they mean."""

    name = "belief.regressor"
    example = "examples/catalogue/services/diabetes-belief.yaml"
    instead = "belief.classifier"


class BeliefClassifier(_Belief, LayeredClassifier):
    """Which class, from stacked machines that first learn how rows look, then what they mean."""

    name = "belief.classifier"
    example = "examples/catalogue/services/digits-belief.yaml"
    instead = "belief.regressor"


def machines(
    seen: Matrix, wanted: BeliefParameters, context: TrainingContext
) -> list[tuple[Matrix, Matrix]]:
    """Return weights and starts of each machine, the lowest first; `seen` lies in 0..1."""
    found = []
    for units in wanted.layers:
        machine = sklearn("neural_network").BernoulliRBM(
            n_components=units,
            learning_rate=wanted.machine_rate,
            n_iter=wanted.passes,
            random_state=context.seed,
        )
        seen = machine.fit_transform(seen)
        found.append((machine.components_.T.copy(), machine.intercept_hidden_.copy()))
    return found


def squeezed(learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
    """Return rows within 0..1, as machines take them."""
    return np.asarray(np.clip((rows - learnt["low"]) / learnt["span"], 0, 1), np.float64)
