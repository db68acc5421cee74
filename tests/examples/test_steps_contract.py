"""The steps that examples bring keep the contract."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minerva.testing import StepContract, steps_in

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPS = {
    step.name: step
    for plugin in ("workshop/plugins/bays.py", "policing/plugins/incidents.py")
    for step in steps_in(EXAMPLES / plugin)
}
EVENTS = """type,time,lon,lat
theft,2026-01-01T10:00:00Z,10.01,50.01
theft,2026-01-02T10:00:00Z,10.02,50.01
"""


def frame(seed):
    """The bytes of a frame of noise."""
    written = BytesIO()
    noise = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(written, "JPEG")
    return written.getvalue()


class TestBays(StepContract):
    step = STEPS["bays"]
    parameters = {"places": {"left": [0, 0, 0.5, 0.3], "right": [0.5, 0, 1, 0.3]}}
    files = {"1.jpg": frame(1), "2.jpg": frame(2), "note.jpg": b"Hello"}
    columns = {"file": ["1.jpg", "2.jpg", "note.jpg", "nowhere.jpg"]}


class TestOccupancy(StepContract):
    step = STEPS["occupancy"]
    fields = {
        "bay": {"type": "category", "values": ["left", "right"]},
        "chance": {"type": "number", "minimum": 0, "maximum": 1},
    }
    columns = {"bay": ["left", "right", "left", "right", "left"], "chance": [1, 0.2, 0.5, 0.9, 0.7]}
    of = [0, 0, 1, 1, 2]


class TestIncidents(StepContract):
    step = STEPS["incidents"]
    parameters = {"path": "events.csv"}
    columns = {"start": ["2026-01-02T00:00:00Z", "2027-01-02T00:00:00Z"]}

    @pytest.fixture
    def workspace(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("workspace")
        (folder / "events.csv").write_text(EVENTS)
        return folder
