"""Each service of examples/catalogue is declared and nothing else, learns from its data, and is worth using."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minerva.bootstrap import open_job
from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.abstraction.services.parsing import parse, parse_file
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.wishes import Wishes
from minerva.layers.application.catalogue.plugin import minerva_algorithms
from minerva.layers.application.xgboost_trees import minerva_algorithms as trees
from minerva.settings import load

EXAMPLES = Path(__file__).parents[2] / "examples" / "catalogue"
SERVICES = sorted(path.stem for path in (EXAMPLES / "services").glob("*.yaml"))


@pytest.fixture(scope="module")
def container(tmp_path_factory):
    """The opened workspace, with its tables."""
    workspace = tmp_path_factory.mktemp("catalogue") / "workspace"
    unwanted = shutil.ignore_patterns("data", ".minerva")
    shutil.copytree(EXAMPLES, workspace, ignore=unwanted)
    subprocess.run([sys.executable, str(workspace / "data.py")], check=True)
    with open_job(load(workspace, {})) as opened:
        yield opened


def to_learn():
    """The services whose library is here; in continuous integration all of them."""
    here = importlib.util.find_spec("torch") is not None or os.environ.get("CI")
    return [one for one in SERVICES if here or not one.endswith("-recurrent")]


@pytest.mark.parametrize("service", to_learn())
def test_it_learns_and_is_worth_using(container, service):
    path = container.loaded.workspace / "services" / f"{service}.yaml"
    parse_file(path, container.versioning.check)
    configuration = container.registry.declare("default", parse(read_extended(path).value), "test")

    made = container.versioning.make(
        configuration, job_id=None, author="test", progress=lambda *_, **__: None
    )

    assert made["promoted"]
    assert made["worth"].startswith("Worth using: ")
    assert explained(container, configuration, made["version"])


def explained(container, configuration, number):
    """Return whether a prediction for one of a version's goldens says what each field contributed."""
    container.live.refresh()
    loaded = container.live.find("default", configuration.service).loaded
    assert loaded.version.number == number
    asked = Question([loaded.background.records().to_records()[0]], wishes=Wishes("/explain"))
    (told,) = container.predictor.predict("default", configuration.service, asked).predictions
    return tuple(told["explanation"]) == loaded.schema.features


@pytest.mark.parametrize(
    "algorithm", [*minerva_algorithms(), *trees()], ids=lambda algorithm: algorithm.name
)
def test_every_algorithm_names_an_example_of_itself(algorithm):
    path = EXAMPLES.parents[1] / algorithm.example

    assert read_extended(path).value["algorithm"] == algorithm.name
