"""`features: lags`: what was counted in a cell and around it in the intervals just before."""

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

Window = Annotated[int, Meta(ge=1, le=100_000)]


class LagsParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `lags`."""

    windows: Annotated[
        tuple[Window, ...],
        Meta(min_length=1, max_length=20, description="Intervals that each looks back on"),
    ] = (1, 7, 28)


class Lags(Step):
    """Events per interval of the last intervals: the cell's own, and those of the eight cells around."""

    name = "lags"
    role = "features"
    Parameters = LagsParameters
    inputs = {"counts": ("text",), "cell": ("integer",), "slot": ("integer",)}  # noqa: RUF012 - read only
    batch = 100_000

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return two means for each window: `own_7`, `around_7`."""
        refuse_nullable(inputs)
        mean = Field(type=FieldType.NUMBER, minimum=0)
        return {f"{which}_{n}": mean for n in parameters.windows for which in ("own", "around")}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return them, of intervals before each row's own only."""
        found = {name: np.zeros(len(items)) for name in context.fields}
        for known, rows in by_array(items["counts"], context.volume):
            cell, slot = (items[name][rows].astype(np.intp) for name in ("cell", "slot"))
            counts = reaching(known, slot)
            own = _until(counts)
            around = _until(neighbourhood(counts)) - own
            for n in context.parameters.windows:
                found[f"own_{n}"][rows] = _mean(own, cell, slot, n)
                found[f"around_{n}"][rows] = _mean(around, cell, slot, n)
        return found


def neighbourhood(counts: NDArray[Any]) -> NDArray[Any]:
    """Return the sum over each cell and the eight around it, shape (intervals, rows, columns)."""
    padded = np.pad(counts, ((0, 0), (1, 1), (1, 1)))
    rows, columns = counts.shape[1:]
    parts = (padded[:, y : y + rows, x : x + columns] for y in range(3) for x in range(3))
    return np.asarray(np.sum(list(parts), axis=0))


def _until(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return what was counted in each cell before each interval, shape (intervals + 1, cells)."""
    flat = counts.reshape(len(counts), -1)
    return np.concatenate([np.zeros((1, flat.shape[1]), np.int64), flat.cumsum(axis=0)])


def _mean(
    until: NDArray[np.int64], cell: NDArray[np.intp], slot: NDArray[np.intp], window: int
) -> NDArray[np.float64]:
    first = np.maximum(slot - window, 0)
    return (until[slot, cell] - until[first, cell]) / np.maximum(slot - first, 1)
