"""`features: season`: what is usual in a cell and at this time, and whether it becomes more or less."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Field, FieldType, Items, Parameters, Step, StepContext
from minerva.layers.application.steps.grid import reaching
from minerva.layers.application.steps.volume_arrays import by_array
from minerva.layers.application.steps.whole import refuse_nullable
from minerva.step import Columns, Fields

Floats = NDArray[np.float64]
Length = Annotated[int, Meta(ge=1, le=100_000)]


class SeasonParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `season`."""

    period: Annotated[Length, Meta(description="Intervals after which times are alike: of a week")]
    recent: Annotated[Length, Meta(description="Intervals whose mean is the present level")]
    before: Annotated[
        Length, Meta(description="Intervals before those, whose mean it is held against")
    ]


class Season(Step):
    """Means of a cell and of the whole grid, of intervals before each row's own only."""

    name = "season"
    role = "features"
    Parameters = SeasonParameters
    inputs = {"counts": ("text",), "cell": ("integer",), "slot": ("integer",)}  # noqa: RUF012 - read only
    batch = 100_000

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the cell's mean, that at this time of the period, and the grid's season and trend."""
        del parameters
        refuse_nullable(inputs)
        mean = Field(type=FieldType.NUMBER, minimum=0)
        return {"mean": mean, "usual": mean, "season": mean, "trend": mean}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return them; season and trend are 1 where nothing is known yet."""
        wanted: SeasonParameters = context.parameters
        found = {name: np.zeros(len(items)) for name in context.fields}
        for known, rows in by_array(items["counts"], context.volume):
            cell, slot = (items[name][rows].astype(np.intp) for name in ("cell", "slot"))
            counts = reaching(known, slot)
            flat = counts.reshape(len(counts), -1)
            found["mean"][rows] = means_before(flat, 1)[slot, cell]
            found["usual"][rows] = means_before(flat, wanted.period)[slot, cell]
            whole = flat.sum(axis=1, keepdims=True)
            usual = means_before(whole, wanted.period)
            found["season"][rows] = _ratio(usual, means_before(whole, 1))[slot, 0]
            found["trend"][rows] = _trend(whole[:, 0], wanted)[slot]
        return found


def means_before(counts: NDArray[Any], period: int) -> Floats:
    """Return the mean of all intervals before each one at the same time of the period.

    `counts` has shape (n, cells), the answer (n + 1, cells): the last row is for the interval to come. 0
    where there was none.
    """
    length, cells = counts.shape
    periods = -(-(length + 1) // period)
    padded = np.zeros((periods * period, cells))
    padded[:length] = counts
    folded = padded.reshape(periods, period, cells)
    seen = folded.cumsum(axis=0) - folded
    times = np.maximum(np.arange(periods), 1)[:, np.newaxis, np.newaxis]
    return np.asarray((seen / times).reshape(-1, cells)[: length + 1], np.float64)


def _trend(whole: NDArray[Any], wanted: SeasonParameters) -> Floats:
    """Return the recent level against the one before, for each interval and the one to come."""
    until = np.concatenate([[0], whole.cumsum()])
    now = np.arange(len(until))
    middle = np.maximum(now - wanted.recent, 0)
    first = np.maximum(middle - wanted.before, 0)
    recent = (until[now] - until[middle]) / np.maximum(now - middle, 1)
    before = (until[middle] - until[first]) / np.maximum(middle - first, 1)
    return _ratio(recent, before)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0)
