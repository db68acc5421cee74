"""How these tests run a step on events in a small city: a grid of 4 by 3 cells of 1 km, day by day."""

from dataclasses import dataclass, field

import numpy as np

from minerva import Field, FieldType, Items, StepContext
from minerva.layers.abstraction.flows.volume import RequestVolume
from minerva.layers.application.steps.grid import Grid
from minerva.layers.application.steps.volume_arrays import handed_on

GRID = Grid(west=10.0, south=50.0, cell_km=1.0, columns=4, rows=3, origin="2026-01-01", hours=24)
BEGAN = GRID.began()
DAY = 86_400.0


@dataclass
class Bench:
    """One volume, and what failed."""

    volume: RequestVolume
    failed: dict[int, str] = field(default_factory=dict)

    def array(self, array, rows):
        """A column that names an array in the volume."""
        return handed_on(np.asarray(array), "array", self.volume, rows)

    def run(self, step, parameters, **columns):
        """What a step makes of columns, a record each row."""
        types = {"text": object, "timestamp": np.float64, "integer": np.float64, "number": float}
        fields = {name: Field(type=FieldType(step.inputs[name][0])) for name in columns}
        given = {
            name: np.asarray(column, types[step.inputs[name][0]])
            for name, column in columns.items()
        }
        rows = len(next(iter(given.values())))
        context = StepContext(
            parameters=parameters,
            fields=step.outputs(fields, parameters),
            workspace=self.volume.root,
            volume=self.volume,
            fail=self.failed.__setitem__,
        )
        made = step.run(Items.single(fields, given, rows), context)
        assert made.keys() == context.fields.keys()
        return made


def event(day, cell_x, cell_y):
    """Seconds, longitude and latitude of an event in the middle of a cell, at a time of a day."""
    (longitude,), (latitude,) = GRID.centres(np.array([cell_y * GRID.columns + cell_x]))
    return (BEGAN + day * DAY, longitude, latitude)


def drawn(seed=0, days=60, many=400):
    """Events at random, in order of time; some lie outside."""
    chance = np.random.default_rng(seed)
    at = np.sort(chance.uniform(0, days, many))
    return np.array(
        [
            event(day, *place)
            for day, place in zip(at, chance.uniform(-1, 4, (many, 2)), strict=True)
        ]
    )
