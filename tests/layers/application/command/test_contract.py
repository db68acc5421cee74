"""`command` keeps the contract with a runner that does, whichever output it has."""

import shutil
import sys
from pathlib import Path

import pytest

from minerva.layers.application.command import Command
from minerva.testing import AlgorithmContract

RUNNER = Path(__file__).parents[4] / "examples" / "runners" / "python" / "runner.py"
pytestmark = pytest.mark.filterwarnings("ignore::minerva.testing.Advice")


COMMAND = {"command": [sys.executable, "runner.py"], "start_s": 120, "answer_s": 60}


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A workspace with the program."""
    return Path(shutil.copy(RUNNER, tmp_path_factory.mktemp("runner"))).parent


class TestCommandOfNumbers(AlgorithmContract):
    algorithm = Command()
    parameters = COMMAND

    @pytest.fixture
    def workspace(self, brought):
        return brought


class TestCommandOfCategories(TestCommandOfNumbers):
    output = "category"
