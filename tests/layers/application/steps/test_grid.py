"""A grid on the earth: squares of equal size, in which events are counted."""

import numpy as np
import pytest

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.places import on_earth
from minerva.layers.application.steps.grid import Grid

from .places_cases import GRID, drawn, event


def test_the_middle_of_every_cell_lies_in_it():
    cells = np.arange(GRID.columns * GRID.rows)

    assert np.array_equal(GRID.cells(*GRID.centres(cells)), cells)


def test_cells_are_as_far_apart_as_their_sides_are_long():
    places = on_earth(*GRID.centres(np.array([0, 1, GRID.columns])))

    far = np.linalg.norm(places[1:] - places[0], axis=1)

    assert far == pytest.approx([1.0, 1.0], rel=1e-3)


def test_places_outside_have_no_cell():
    east = np.array([9.999, 10.06, 10.01, 10.01])
    north = np.array([50.01, 50.01, 49.999, 50.03])

    assert GRID.cells(east, north).tolist() == [-1, -1, -1, -1]


def test_every_event_inside_is_counted_once_in_its_cell_and_interval():
    events = drawn()
    events = np.vstack([events, event(59.9, 0, 0), event(-3, 1, 1)])

    counts = GRID.counted(events[np.argsort(events[:, 0])])

    inside = (GRID.cells(events[:, 1], events[:, 2]) >= 0) & (GRID.slots(events[:, 0]) >= 0)
    assert counts.shape == (60, 3, 4)
    assert counts.sum() == inside.sum()
    assert counts[59, 0, 0] >= 1


def test_no_events_are_no_intervals():
    assert GRID.counted(np.empty((0, 3))).shape == (0, 3, 4)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"rows": 10_000}, "/parameters/rows"),
        ({"west": 179.97}, "/parameters/columns"),
        ({"origin": "soon"}, "/parameters/origin"),
    ],
)
def test_a_grid_that_cannot_be_laid_is_refused(change, where):
    wanted = {name: getattr(GRID, name) for name in GRID.__struct_fields__} | change

    with pytest.raises(InvalidConfiguration, match="cannot be laid") as caught:
        Grid(**wanted).check()

    assert [fault.where for fault in caught.value.faults] == [where]


def test_an_event_long_after_the_origin_is_refused_before_memory_is_taken():
    millennia = event(9_000_000, 0, 0)

    with pytest.raises(InvalidData, match="The last event lies 9000001 intervals after"):
        GRID.counted(np.array([millennia]))
