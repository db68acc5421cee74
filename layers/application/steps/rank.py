"""`post: rank`: numbers beside each other become a ranking, the highest first."""

from __future__ import annotations

from typing import Any

import numpy as np

from minerva import Field, FieldType, InvalidConfiguration, Items, Step, StepContext
from minerva.errors import Fault
from minerva.schema.field import NUMERIC
from minerva.step import Columns, Fields

CHANCE = Field(type=FieldType.NUMBER, minimum=0, maximum=1)


class Rank(Step):
    """Which of its inputs is highest, and each one's share; a missing one, or one below 0, counts as 0.

    The output `first` is a category whose values are the inputs' names, and `first.NAME` each one's
    share of the sum: answered as the probabilities of a category, it is the whole ranking.
    """

    name = "rank"
    role = "post"

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the first and the shares. Raises InvalidConfiguration for inputs that are no numbers."""
        del parameters
        faults = [
            Fault(f"/inputs/{name}", f"is of type {field.type.value}; a ranking is of numbers")
            for name, field in inputs.items()
            if field.type not in NUMERIC
        ]
        if len(inputs) < 2:  # noqa: PLR2004 - one thing has no rank
            faults.append(Fault("/inputs", "name two numbers at least"))
        if faults:
            raise InvalidConfiguration("There is nothing to rank.", faults=faults)
        first = Field(type=FieldType.CATEGORY, values=tuple(inputs))
        return {"first": first, **{f"first.{name}": CHANCE for name in inputs}}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the first (of equals the one named before) and the shares, which add up to 1."""
        del context
        table = np.column_stack([items[name] for name in items.columns])
        table = np.maximum(np.nan_to_num(table, nan=0.0), 0.0)
        total = table.sum(axis=1, keepdims=True)
        even = np.full_like(table, 1 / table.shape[1])
        shares = np.where(total > 0, table / np.where(total > 0, total, 1), even)
        columns = {f"first.{name}": shares[:, at] for at, name in enumerate(items.columns)}
        return {"first": shares.argmax(axis=1).astype(np.int32), **columns}
