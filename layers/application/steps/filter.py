"""`handle: filter`: keeps the rows whose values lie where they should."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import FieldType, InvalidConfiguration, Items, Parameters, Spread, Step, StepContext
from minerva.errors import Fault
from minerva.schema.field import NUMERIC
from minerva.spelling import hint
from minerva.step import Fields

Value = str | int | float


class Kept(Parameters, frozen=True, kw_only=True):
    """What a field must be for its row to be kept; what is missing is never kept."""

    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Value, ...] = ()


class FilterParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `filter`."""

    keep: Annotated[
        dict[str, Kept],
        msgspec.Meta(min_length=1, description="Input → `minimum`, `maximum`, or `values`"),
    ]


class Filter(Step):
    """The rows that pass, with all that they hold; later steps name this one in `each`."""

    name = "filter"
    role = "handle"
    shape = "spread"
    Parameters = FilterParameters

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the inputs. Raises InvalidConfiguration for a demand that no field can be held to."""
        faults = [
            Fault(f"/parameters/keep/{name}", wrong)
            for name, kept in parameters.keep.items()
            if (wrong := _wrong(name, kept, inputs)) is not None
        ]
        if faults:
            raise InvalidConfiguration("The rows cannot be filtered so.", faults=faults)
        return inputs

    def run(self, items: Items, context: StepContext) -> Spread:
        """Return the rows that pass, in order."""
        passes = np.ones(len(items), dtype=bool)
        for name, kept in context.parameters.keep.items():
            passes &= _passes(items, name, kept)
        rows = np.flatnonzero(passes)
        return Spread({name: column[rows] for name, column in items.columns.items()}, rows)


def _wrong(name: str, kept: Kept, inputs: Fields) -> str | None:
    if name not in inputs:
        return f"unknown; {hint(name, inputs)}"
    bounded = (kept.minimum, kept.maximum) != (None, None)
    field = inputs[name]
    if bounded and field.type not in NUMERIC:
        return "only a number has minimum and maximum"
    if bool(kept.values) == bounded:
        return "needs either minimum and maximum, or values"
    unknown = [one for one in kept.values if one not in field.values]
    if field.type is FieldType.CATEGORY and unknown:
        return (
            f"{unknown[0]!r} is none of its values; {hint(str(unknown[0]), map(str, field.values))}"
        )
    return None


def _passes(items: Items, name: str, kept: Kept) -> NDArray[np.bool_]:
    column = items[name]
    if kept.values:
        category = items.fields[name].type is FieldType.CATEGORY
        held = items.labels(name) if category else column.tolist()
        return np.array([one in kept.values for one in held], dtype=bool)
    low = -np.inf if kept.minimum is None else kept.minimum
    high = np.inf if kept.maximum is None else kept.maximum
    return np.asarray((column >= low) & (column <= high))
