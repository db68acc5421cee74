"""`cells`: each row is told its cell, its interval, and where all events are counted."""

import numpy as np
import pytest

from minerva.errors import InvalidInput
from minerva.layers.application.steps.cells import Cells

from .places_cases import BEGAN, DAY, GRID, drawn, event


def asked(places, events, x, y, days):
    return places.run(
        Cells(),
        GRID,
        events=places.array(events, len(x)),
        cell_x=x,
        cell_y=y,
        start=[BEGAN + day * DAY for day in days],
    )


def test_rows_of_one_question_share_one_file_of_counts(places):
    events = drawn()

    made = asked(places, events, [0, 3, 1], [0, 2, 1], [1, 2, 60])

    (name,) = set(made["counts"])
    assert np.array_equal(np.load(places.volume.path(name)), GRID.counted(events))
    assert made["cell"].tolist() == [0, 11, 5]
    assert made["slot"].tolist() == [1, 2, 60]
    assert GRID.cells(made["longitude"], made["latitude"]).tolist() == [0, 11, 5]
    assert places.failed == {}


def test_what_cannot_be_answered_fails_by_itself_with_its_reason(places):
    days = [1, 1, 1.5, 0, 1, 9_000_000]
    made = asked(places, [event(0, 0, 0)], [0, 4, 0, 0, -1, 0], [0] * 6, days)

    assert places.failed == {
        1: "The cell is none of the grid's 4 from west to east and 3 from south to north.",
        2: "No interval of 24 hours begins at this time.",
        3: "No interval comes before this one to learn from.",
        4: "The cell is none of the grid's 4 from west to east and 3 from south to north.",
        5: "The time lies too long after the grid's origin.",
    }
    assert made["slot"][0] == 1


def test_a_file_that_is_no_array_is_told(places):
    name = places.volume.write("events.npy", b"time,lon,lat\n")

    with pytest.raises(InvalidInput, match="holds no array"):
        places.run(
            Cells(),
            GRID,
            events=np.array([name], object),
            cell_x=[0],
            cell_y=[0],
            start=[BEGAN + DAY],
        )
