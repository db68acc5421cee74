"""The example's algorithms keep the promises of every algorithm."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import yaml
from scenery.scenes import SCENES, scene

from minerva.testing import AlgorithmContract, algorithms_in

EXAMPLE = Path(__file__).parents[2] / "examples" / "tourism"


def declared(service):
    return yaml.safe_load((EXAMPLE / "services" / f"{service}.yaml").read_text("utf-8"))


def drawn_records(count):
    """Drawn scenes of all classes, as records with their truth."""
    random = np.random.default_rng(5)
    for number in range(count):
        kind = list(SCENES)[number % len(SCENES)]
        written = BytesIO()
        scene(kind, 48, 32, random).save(written, "PNG")
        yield {"image": base64.b64encode(written.getvalue()).decode(), "scene": kind}


DRAWN = list(drawn_records(60))


class TestScene(AlgorithmContract):
    (algorithm,) = algorithms_in(EXAMPLE / "plugins" / "scene_network.py")
    parameters = declared("scene")["parameters"]
    schema = declared("scene")["schema"]
    workspace = EXAMPLE
    data = DRAWN


class TestPlaces(AlgorithmContract):
    (algorithm,) = algorithms_in(EXAMPLE / "plugins" / "places.py")
    parameters = declared("places")["parameters"]
    schema = declared("places")["schema"]
    workspace = EXAMPLE
