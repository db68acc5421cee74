"""`handle: clean`: fill in what is missing and keep numbers within their range."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np

from minerva import Field, FieldType, InvalidConfiguration, Items, Parameters, Step, StepContext
from minerva.errors import Fault
from minerva.schema.field import NUMERIC
from minerva.step import Columns, Fields


class CleanParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `clean`."""

    fill: Annotated[
        dict[str, float],
        msgspec.Meta(description="Number → what stands in its place where it is missing"),
    ] = {}  # noqa: RUF012 - msgspec copies it
    clip: Annotated[
        bool, msgspec.Meta(description="Whether numbers beyond their field's range become its ends")
    ] = True


class Clean(Step):
    """Numbers without gaps, within the range that their fields declare; other fields pass as they are."""

    name = "clean"
    role = "handle"
    Parameters = CleanParameters

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the same fields; those that are filled are never missing."""
        faults = [
            Fault(f"/parameters/fill/{name}", "is no number that this step is given")
            for name in parameters.fill
            if name not in inputs or inputs[name].type not in NUMERIC
        ]
        if faults:
            raise InvalidConfiguration("Some fields cannot be filled.", faults=faults)
        return {
            name: msgspec.structs.replace(field, nullable=False)
            if name in parameters.fill
            else field
            for name, field in inputs.items()
        }

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the columns, cleaned."""
        wanted = context.parameters
        return {
            name: _cleaned(column, items.fields[name], wanted.fill.get(name), clip=wanted.clip)
            for name, column in items.columns.items()
        }


def _cleaned(column: Any, field: Field, fill: float | None, *, clip: bool) -> Any:
    if field.type not in NUMERIC:
        return column
    if fill is not None:
        column = np.where(np.isnan(column), fill, column)
    if clip and (field.minimum, field.maximum) != (None, None):
        column = np.clip(column, field.minimum, field.maximum)
    return np.round(column) if field.type is FieldType.INTEGER else column
