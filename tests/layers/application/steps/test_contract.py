"""The built-in steps without I/O keep the contract."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from minerva.layers.application.steps.calendar import Calendar
from minerva.layers.application.steps.cells import Cells
from minerva.layers.application.steps.clean import Clean
from minerva.layers.application.steps.density import Density
from minerva.layers.application.steps.filter import Filter
from minerva.layers.application.steps.fuzzify import Fuzzify
from minerva.layers.application.steps.images import Images
from minerva.layers.application.steps.join import Join
from minerva.layers.application.steps.lags import Lags
from minerva.layers.application.steps.plugin import minerva_steps
from minerva.layers.application.steps.rank import Rank
from minerva.layers.application.steps.season import Season
from minerva.layers.application.steps.standardise import Standardise
from minerva.layers.application.steps.summary import Summary
from minerva.layers.application.steps.threshold import Threshold
from minerva.testing import StepContract

from .places_cases import BEGAN, DAY, GRID, drawn

pytestmark = pytest.mark.filterwarnings("ignore::minerva.testing.Advice")
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
NUMBER = {"type": "number", "nullable": True}
COLOUR = {"type": "category", "values": ["red", "blue"]}
NUMBERS = {"x": [4.0, None, -2.5, 11.0, 3.0], "colour": ["red", "blue", "red", "red", "blue"]}
SHARES = {"sea": [0.1, 0.9, 0.3, 0.6, 0.0, 1.0], "hills": [0.4, 0.1, 0.2, 0.8, 0.5, 0.5]}
PLACES = {
    "west": 10.0,
    "south": 50.0,
    "cell_km": 1.0,
    "columns": 4,
    "rows": 3,
    "origin": "2026-01-01",
}


def array(values):
    """The bytes of an array's file."""
    written = BytesIO()
    np.save(written, np.asarray(values), allow_pickle=False)
    return written.getvalue()


def picture(colour, kind):
    """The bytes of a small picture."""
    written = BytesIO()
    Image.new("RGB", (20, 10), colour).save(written, kind)
    return written.getvalue()


EVENTS = {"events.npy": array(drawn())}
COUNTS = {"counts.npy": array(GRID.counted(drawn()))}
IN_CELLS = {"counts": ["counts.npy"] * 4, "cell": [0, 5, 11, 5], "slot": [1, 7, 30, 59]}


def moment(day):
    return f"{np.datetime64(int(BEGAN + day * DAY), 's')}Z"


class TestCalendar(StepContract):
    step = Calendar()
    parameters = {"timezone": "Europe/Berlin"}
    columns = {"at": ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "1969-12-31T23:59:59Z"]}


class TestCells(StepContract):
    step = Cells()
    parameters = {**PLACES, "hours": 24}
    files = EVENTS
    columns = {
        "events": ["events.npy"] * 3,
        "cell_x": [0, 3, 9],
        "cell_y": [0, 2, 1],
        "start": [moment(1), moment(20), moment(59)],
    }


class TestClean(StepContract):
    step = Clean()
    parameters = {"fill": {"x": 4}}
    fields = {"x": {**NUMBER, "maximum": 10}, "colour": COLOUR}
    columns = {**NUMBERS, "x": [4.0, None, -2.5, 10.0, 3.0]}


class TestDensity(StepContract):
    step = Density()
    parameters = {"width_km": 0.8, "half_life_days": 5}
    files = EVENTS
    columns = {
        "events": ["events.npy"] * 3,
        "longitude": [10.0, 10.01, 10.03],
        "latitude": [50.0, 50.01, 50.02],
        "start": [moment(1), moment(20), moment(59)],
    }


class TestFilter(StepContract):
    step = Filter()
    parameters = {"keep": {"x": {"minimum": 0}, "colour": {"values": ["red"]}}}
    fields = {"x": NUMBER, "colour": COLOUR}
    columns = NUMBERS


class TestFuzzify(StepContract):
    step = Fuzzify()
    fields = {"sea": SHARE, "hills": SHARE}
    columns = SHARES


class TestImages(StepContract):
    step = Images()
    parameters = {"width": 8, "height": 8}
    files = {
        "red.jpg": picture("red", "JPEG"),
        "blue.png": picture("blue", "PNG"),
        "note.jpg": b"Hello",
    }
    columns = {"file": ["red.jpg", "blue.png", "note.jpg", "nowhere.png"]}


class TestJoin(StepContract):
    step = Join()
    fields = {"x": NUMBER, "colour": COLOUR}
    columns = NUMBERS


class TestLags(StepContract):
    step = Lags()
    parameters = {"windows": [1, 7]}
    files = COUNTS
    columns = IN_CELLS


class TestRank(StepContract):
    step = Rank()
    fields = {"sea": SHARE, "hills": SHARE}
    columns = SHARES


class TestSeason(StepContract):
    step = Season()
    parameters = {"period": 7, "recent": 7, "before": 14}
    files = COUNTS
    columns = IN_CELLS


class TestStandardise(StepContract):
    step = Standardise()
    fields = {"x": NUMBER, "y": {"type": "integer"}}
    columns = {"x": [4.0, None, -2.5, 11.0], "y": [1, 2, 3, 4]}


class TestStandardiseWithGaps(TestStandardise):
    parameters = {"fill": False}


class TestSummary(StepContract):
    step = Summary()
    parameters = {
        "make": {
            "rows": {"how": "count"},
            "most": {"how": "most", "of": "x"},
            "mean": {"how": "mean", "of": "x"},
        }
    }
    fields = {"x": NUMBER}
    columns = {"x": [1.0, None, 3.0, -4.0]}
    of = [0, 0, 2, 2]
    records = 4


class TestThreshold(StepContract):
    step = Threshold()
    parameters = {"at_least": 0.5}
    columns = {"value": [0.1, 0.5, 0.9]}


def test_every_built_in_step_is_held_to_the_contract():
    held = {
        kind.step.name
        for kind in globals().values()
        if isinstance(kind, type) and kind is not StepContract and issubclass(kind, StepContract)
    }

    assert held == {step.name for step in minerva_steps()}
