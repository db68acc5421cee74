"""`post: threshold`: a number becomes yes or no."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np

from minerva import Field, FieldType, Items, Parameters, Step, StepContext
from minerva.step import Columns, Fields


class ThresholdParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `threshold`."""

    at_least: Annotated[float, msgspec.Meta(description="The least number that is a yes")]


class Threshold(Step):
    """Whether a number reaches a limit; a missing one does not."""

    name = "threshold"
    role = "post"
    Parameters = ThresholdParameters
    inputs = {"value": ("number", "integer")}  # noqa: RUF012 - read only, as the contract says

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return one yes or no."""
        del inputs, parameters
        return {"reached": Field(type=FieldType.BOOLEAN)}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return 1 where the limit is reached, else 0."""
        return {"reached": (items["value"] >= context.parameters.at_least).astype(np.float64)}
