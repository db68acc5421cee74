"""`features: standardise`: numbers in deviations from the mean of the rows that were learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Field,
    FieldType,
    InvalidConfiguration,
    Items,
    Learns,
    Parameters,
    Step,
    StepContext,
)
from minerva.errors import Fault
from minerva.layers.application.scaling import Scaling, bounded
from minerva.schema.field import NUMERIC
from minerva.step import Columns, Fields

TAKEN = NUMERIC | {FieldType.BOOLEAN}


class StandardiseParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `standardise`."""

    fill: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the median stands in for what is missing; else it stays missing"
        ),
    ] = True


class Standardise(Step, Learns):
    """A number for each one that is given, of the same name."""

    name = "standardise"
    role = "features"
    Parameters = StandardiseParameters

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the fields. Raises InvalidConfiguration for what is no number."""
        faults = [
            Fault(f"/inputs/{name}", f"is {field.type.value}, no number")
            for name, field in inputs.items()
            if field.type not in TAKEN
        ]
        if faults or not inputs:
            raise InvalidConfiguration("Only numbers can be standardised.", faults=faults)
        return {
            name: Field(type=FieldType.NUMBER, nullable=field.nullable and not parameters.fill)
            for name, field in inputs.items()
        }

    def fit(self, items: Items, context: StepContext) -> Mapping[str, NDArray[Any]]:
        """Return median, mean and deviation of each field, shape (3,)."""
        del context
        made = {}
        for name, column in items.columns.items():
            seen = Scaling.fitted(bounded(column)[:, np.newaxis])
            made[name] = np.concatenate([seen.fill, seen.mean, seen.scale])
        return made

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the numbers, shape (n,) each."""
        made = {}
        for name, column in items.columns.items():
            seen = Scaling(*context.learnt[name])
            numbers = bounded(column)
            made[name] = seen.scaled(seen.filled(numbers) if context.parameters.fill else numbers)
        return made
