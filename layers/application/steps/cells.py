"""`handle: cells`: events become counts by cell and interval, and a cell its place on the earth."""

from __future__ import annotations

from typing import Any

import numpy as np

from minerva import Field, FieldType, Items, Step, StepContext
from minerva.layers.application.steps.grid import Grid
from minerva.layers.application.steps.volume_arrays import by_array, handed_on
from minerva.layers.application.steps.whole import refuse_nullable
from minerva.step import Columns, Fields

NEAR = 1e-6
"""Of an interval: what counts as its beginning."""


class Cells(Step):
    """Where a cell is, which interval a time begins, and all events counted by both.

    `events` names an array of shape (n, 3) in the volume: seconds since 1970, longitude, latitude.
    """

    name = "cells"
    role = "handle"
    Parameters = Grid
    inputs = {  # noqa: RUF012 - read only, as the contract says
        "events": ("text",),
        "cell_x": ("integer",),
        "cell_y": ("integer",),
        "start": ("timestamp",),
    }
    batch = 100_000

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the counts' file, the numbers of cell and interval, and the cell's middle."""
        refuse_nullable(inputs)
        parameters.check()
        return {
            "counts": Field(type=FieldType.TEXT),
            "cell": Field(type=FieldType.INTEGER, minimum=0),
            "slot": Field(type=FieldType.INTEGER, minimum=1),
            "longitude": Field(type=FieldType.NUMBER, unit="degrees"),
            "latitude": Field(type=FieldType.NUMBER, unit="degrees"),
        }

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return them; a cell outside the grid and a time between two intervals fail by themselves."""
        grid: Grid = context.parameters
        x, y, exact = items["cell_x"], items["cell_y"], grid.slots(items["start"])
        slot = np.round(exact)
        _told(~grid.holds(x, y), f"The cell is none of the grid's {_size(grid)}.", context)
        between = np.abs(exact - slot) > NEAR
        _told(between, f"No interval of {grid.hours:g} hours begins at this time.", context)
        _told(~between & (slot < 1), "No interval comes before this one to learn from.", context)
        _told(slot > grid.longest, "The time lies too long after the grid's origin.", context)
        inside = np.where(grid.holds(x, y), y * grid.columns + x, 0)
        longitude, latitude = grid.centres(inside)
        counts = np.full(len(items), None, dtype=object)
        for events, rows in by_array(items["events"], context.volume):
            counts[rows] = handed_on(grid.counted(events), "counts", context.volume, len(rows))
        return {
            "counts": counts,
            "cell": inside,
            "slot": np.clip(slot, 1, grid.longest),
            "longitude": longitude,
            "latitude": latitude,
        }


def _told(wrong: Any, reason: str, context: StepContext) -> None:
    for row in np.flatnonzero(wrong):
        context.fail(int(row), reason)


def _size(grid: Grid) -> str:
    return f"{grid.columns} from west to east and {grid.rows} from south to north"
