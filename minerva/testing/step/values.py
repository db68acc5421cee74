"""Whether values that a step made are those that the field promises."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from minerva.layers.abstraction.flows.fitting import gaps
from minerva.layers.abstraction.flows.making import CHANCE
from minerva.layers.abstraction.flows.work import Made
from minerva.schema import Field, FieldType
from minerva.schema.batch import Column
from minerva.step import Fields
from minerva.testing.verdict import Broken

ROUNDING = 1e-9


def check_values(made: Made, fields: Fields) -> None:
    """Look at what fits its field's type already. Raises Broken for what the field does not allow."""
    lost = [] if made.of is not None else sorted(made.failed)
    for name, field in fields.items():
        wrong = _wrong(made.columns[name], field, lost)
        if wrong:
            raise Broken(
                f"It made {wrong} in {name!r}.",
                "Keep to what the field that `outputs` returned allows, or promise another one there.",
            )


def is_chance(name: str, field: Field, fields: Fields) -> str | None:
    """Return what is wrong with a field whose name says that it is the chance of a value; None: nothing."""
    category, _, value = name.partition(".")
    if not value or category not in fields:
        return None
    of = fields[category]
    known = {"true"} if of.type is FieldType.BOOLEAN else {str(one) for one in of.values}
    if value not in known:
        return f"is none of the values of {category!r}"
    bounds = (field.minimum, field.maximum) == (CHANCE.minimum, CHANCE.maximum)
    return None if field.type is FieldType.NUMBER and bounds else "is no number from 0 to 1"


def _wrong(column: Column, field: Field, lost: Collection[int]) -> str | None:
    there = ~gaps(column, field)
    there[list(lost)] = False
    values = column[there]
    if field.type is FieldType.TEXT:
        others = [type(one).__name__ for one in values if not isinstance(one, str)]
        return f"a {others[0]} where text was promised" if others else None
    if field.type is FieldType.CATEGORY or not len(values):
        return None
    if not np.isfinite(values).all():
        return "infinity"
    if field.type is FieldType.BOOLEAN and not np.isin(values, (0, 1)).all():
        return "what is neither 0 nor 1"
    if field.type is FieldType.INTEGER and (values != np.round(values)).any():
        return "numbers that are not whole"
    low, high = field.minimum, field.maximum
    if low is not None and values.min() < low - ROUNDING:
        return f"{values.min():.6g}, which is less than {low:g},"
    if high is not None and values.max() > high + ROUNDING:
        return f"{values.max():.6g}, which is more than {high:g},"
    return None
