"""Algorithms that keep the contract, ours and plugins; and how a test that breaks it looks."""

import subprocess
import sys
from pathlib import Path

import pytest

from minerva import Schema
from minerva.layers.application.constant import Constant
from minerva.layers.application.rules import Rules
from minerva.layers.application.xgboost_trees import XGBoostClassifier, XGBoostRegressor
from minerva.testing import AlgorithmContract, algorithms_in

PLUGINS = Path(__file__).parents[3] / "plugins"
WRONG = Path(__file__).parent / "wrong_algorithms.py"
READING = Path(__file__).parent / "reading_algorithms.py"
BROUGHT = {"path": "scale.json"}
QUICK = {"n_estimators": 20}
LINE = {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
ON_A_LINE = [{"x": x, "y": 2 * x} for x in range(1, 50)]
FIVE = {"output": {"answer": 5}}
OVER_FIFTY = {
    "rules": [{"when": "amount > 50 and kind == 'a'", "then": {"answer": "ratio * 2"}}],
    "otherwise": {"answer": 0},
}
pytestmark = pytest.mark.filterwarnings("ignore::minerva.testing.Advice")


class TestXGBoostClassifierOfCategories(AlgorithmContract):
    algorithm = XGBoostClassifier()
    parameters = QUICK
    output = "category"


class TestXGBoostClassifierOfTrueAndFalse(AlgorithmContract):
    algorithm = XGBoostClassifier()
    parameters = QUICK
    output = "boolean"


class TestXGBoostRegressor(AlgorithmContract):
    algorithm = XGBoostRegressor()
    parameters = QUICK
    output = "integer"


class TestFileOfSomebodyElse(AlgorithmContract):
    algorithm = next(one for one in algorithms_in(READING) if one.name == "right")
    parameters = BROUGHT

    @pytest.fixture
    def workspace(self, tmp_path):
        (tmp_path / "scale.json").write_text('{"scale": 2.5, "input": "size"}')
        return tmp_path


class TestConstant(AlgorithmContract):
    algorithm = Constant()
    parameters = FIVE


class TestRules(AlgorithmContract):
    algorithm = Rules()
    parameters = OVER_FIFTY


class TestMean(AlgorithmContract):
    (algorithm,) = algorithms_in(PLUGINS / "mean.py")
    output = "category"


class TestLinear(AlgorithmContract):
    schema = Schema.parse(LINE)
    data = ON_A_LINE

    @pytest.fixture
    def algorithm(self):
        return next(one for one in algorithms_in(PLUGINS / "linear.py") if one.name == "linear")


THIRD_PARTY = f"""
from minerva.testing import AlgorithmContract, algorithms_in

BY_NAME = {{one.name: one for one in algorithms_in({str(WRONG)!r})}}

class TestTakesOver(AlgorithmContract):
    algorithm = BY_NAME["takes over"]

class TestAdvised(AlgorithmContract):
    algorithm = BY_NAME["bare parameters"]

class TestElsewhere(AlgorithmContract):
    algorithm = BY_NAME["with requirements"]
"""


@pytest.fixture
def run_pytest(tmp_path):
    """A function (arguments) that runs the third party's tests as they do; returns what is shown."""
    (tmp_path / "test_mine.py").write_text(THIRD_PARTY)

    def run(*arguments):
        program = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_mine.py"]
        done = subprocess.run(
            [*program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.stdout

    return run


def test_a_third_party_reads_what_happened_and_how_to_mend_it(run_pytest):
    shown = run_pytest("-k", "TakesOver and batch")

    assert "predict changed column 'ratio' of the batch that it was given. Work on a copy" in shown
    assert "FAILED test_mine.py::TestTakesOver::test_the_batch_is_left_as_it_was" in shown
    assert "1 failed, 2 passed" in shown


def test_advice_is_a_warning(run_pytest):
    shown = run_pytest("-k", "Advised and parameters")

    assert "Advice: Parameter depth has no range and no description" in shown
    assert "1 passed" in shown


def test_requirements_are_installed_for_the_test_only(run_pytest, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    shown = run_pytest("-k", "Elsewhere and (fit or threads or empty)")

    assert "train raised ValueError (found 2.0.0)" in shown
    assert list((tmp_path / "cache" / "minerva" / "environments").glob("*/bin/python"))


def test_the_kit_itself_needs_no_pytest():
    code = (
        "import sys\n"
        "import minerva.testing\n"
        "from minerva.testing import algorithms_in\n"
        "from minerva.testing import steps_in\n"
        "import minerva.testing.algorithm.run, minerva.testing.algorithm.process\n"
        "assert 'pytest' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
