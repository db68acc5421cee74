"""`post: summary`: the rows of a record in a few numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, Items, Parameters, Step, StepContext
from minerva.errors import Fault
from minerva.schema.field import NUMERIC
from minerva.spelling import hint
from minerva.step import Columns, Fields

How = Literal["count", "sum", "mean", "least", "most"]


class Made(Parameters, frozen=True, kw_only=True):
    """One number of a summary."""

    how: How
    of: str | None = None
    """The input; a count needs none, or counts where a yes or no is yes."""


class SummaryParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `summary`."""

    make: Annotated[
        dict[str, Made],
        msgspec.Meta(
            min_length=1, description="Output → `how` (count, sum, mean, least, most), `of`"
        ),
    ]
    without_rows: Annotated[
        float, msgspec.Meta(description="Mean, least and most of a record that has no row")
    ] = 0.0


class Summary(Step):
    """A number for each record, of all its rows; what is missing does not count."""

    name = "summary"
    role = "post"
    shape = "gather"
    Parameters = SummaryParameters

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the numbers. Raises InvalidConfiguration for inputs that cannot be added up."""
        faults = [
            Fault(f"/parameters/make/{name}/of", wrong)
            for name, made in parameters.make.items()
            if (wrong := _wrong(made, inputs)) is not None
        ]
        if faults:
            raise InvalidConfiguration("The summary cannot be made.", faults=faults)
        return {
            name: Field(type=FieldType.INTEGER if made.how == "count" else FieldType.NUMBER)
            for name, made in parameters.make.items()
        }

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return a number for each record."""
        wanted: SummaryParameters = context.parameters
        return {name: _made(items, made, wanted.without_rows) for name, made in wanted.make.items()}


def _wrong(made: Made, inputs: Fields) -> str | None:
    if made.of is None:
        return None if made.how == "count" else "is missing"
    if made.of not in inputs:
        return f"unknown; {hint(made.of, inputs)}"
    if inputs[made.of].type not in NUMERIC | {FieldType.BOOLEAN}:
        return f"is of type {inputs[made.of].type.value}, which cannot be added up"
    return None


def _made(items: Items, made: Made, without: float) -> NDArray[np.float64]:
    count = items.records
    if made.of is None:
        return np.bincount(items.of, minlength=count).astype(np.float64)
    there = ~np.isnan(items[made.of])
    of, values = items.of[there], items[made.of][there]
    if made.how == "count":
        wanted = of[values != 0] if items.fields[made.of].type is FieldType.BOOLEAN else of
        return np.bincount(wanted, minlength=count).astype(np.float64)
    total = np.bincount(of, values, count).astype(np.float64)
    if made.how == "sum":
        return total
    rows = np.bincount(of, minlength=count)
    if made.how == "mean":
        return np.where(rows > 0, total / np.maximum(rows, 1), without)
    found = np.full(count, np.inf if made.how == "least" else -np.inf)
    (np.minimum if made.how == "least" else np.maximum).at(found, of, values)
    return np.where(rows > 0, found, without)
