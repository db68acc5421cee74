"""What a service may set about the boosted trees that it learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from minerva import Parameters

Share = Annotated[float, Meta(gt=0, le=1)]
NotNegative = Annotated[float, Meta(ge=0)]


class TreeParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both algorithms that learn trees; the names are XGBoost's own."""

    n_estimators: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Most boosting rounds; early stopping may end before"),
    ] = 500
    max_depth: Annotated[int, Meta(ge=1, le=32, description="Deepest tree")] = 4
    learning_rate: Annotated[Share, Meta(description="How much of each tree is added")] = 0.1
    subsample: Annotated[Share, Meta(description="Share of the rows that a tree sees")] = 0.8
    colsample_bytree: Annotated[Share, Meta(description="Share of the fields that a tree sees")] = (
        0.8
    )
    min_child_weight: Annotated[
        NotNegative, Meta(description="Least sum of weights in a leaf; more is more cautious")
    ] = 1.0
    reg_lambda: Annotated[NotNegative, Meta(description="L2 penalty on leaf weights")] = 1.0
    reg_alpha: Annotated[NotNegative, Meta(description="L1 penalty on leaf weights")] = 0.0
    gamma: Annotated[NotNegative, Meta(description="Least gain that justifies a split")] = 0.0
    early_stopping_rounds: Annotated[
        int, Meta(ge=0, description="End after so many rounds without improvement; 0 never does")
    ] = 30
    validation_share: Annotated[
        float,
        Meta(
            ge=0,
            le=0.5,
            description=(
                "Share of the training rows kept to find the best round; 0 uses all rows to learn. "
                "With fewer than 200 rows none are kept"
            ),
        ),
    ] = 0.15
    max_bin: Annotated[int, Meta(ge=2, le=65_536, description="Histogram bins per field")] = 256
    monotone: Annotated[
        dict[str, Literal[-1, 0, 1]],
        Meta(description="Field → 1 if the output may only rise with it, -1 if only fall"),
    ] = {}  # noqa: RUF012 - msgspec gives each instance its own


class ClassifierParameters(TreeParameters, frozen=True, kw_only=True):
    """Parameters of `xgboost.classifier`."""

    class_weight: Annotated[
        Literal["none", "balanced"],
        Meta(
            description=(
                "balanced gives rare classes as much weight as frequent ones; probabilities are then "
                "no longer the true frequencies, so prefer none and choose a threshold instead"
            )
        ),
    ] = "none"


class RegressorParameters(TreeParameters, frozen=True, kw_only=True):
    """Parameters of `xgboost.regressor`."""

    objective: Annotated[
        Literal["squared_error", "poisson"],
        Meta(
            description=(
                "What is minimised: the squared_error of any number, or of counts, none below 0, what "
                "poisson makes of them; the answer is then their rate, above 0"
            )
        ),
    ] = "squared_error"


SEARCH_SPACE: Mapping[str, Any] = {
    "max_depth": {"low": 2, "high": 10},
    "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
    "min_child_weight": {"low": 0.5, "high": 30.0, "log": True},
    "subsample": {"low": 0.5, "high": 1.0},
    "colsample_bytree": {"low": 0.5, "high": 1.0},
    "reg_lambda": {"low": 0.01, "high": 30.0, "log": True},
}
"""What matters most for trees on tables; early stopping finds the number of rounds."""
