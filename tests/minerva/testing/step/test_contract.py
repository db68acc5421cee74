"""Steps of plugins keep the contract, declared in a few lines; and how a test that breaks it looks."""

import subprocess
import sys
from pathlib import Path

import pytest

from minerva.testing import StepContract, steps_in

PLUGIN = Path(__file__).parent / "wrong_steps"
BY_NAME = {step.name: step for step in steps_in(PLUGIN)}


class TestWithRowsMadeUp(StepContract):
    step = BY_NAME["right"]


class TestOfAnyInputs(StepContract):
    step = BY_NAME["right-of-any"]
    fields = {
        "colour": {"type": "category", "values": ["red", "blue"]},
        "at": {"type": "timestamp"},
    }
    columns = {"colour": ["red", "blue"], "at": ["2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z"]}


class TestThatGathers(StepContract):
    step = BY_NAME["right-gather"]
    columns = {"x": [1, 2, 3, 4]}
    of = [0, 0, 2, 3]
    records = 5


class TestThatLearnsFromAFixture(StepContract):
    columns = {"x": [1, 2, 3, 4]}

    @pytest.fixture
    def step(self):
        return BY_NAME["right-learner"]


THIRD_PARTY = f"""
from minerva.testing import StepContract, steps_in

BY_NAME = {{step.name: step for step in steps_in({str(PLUGIN)!r})}}

class TestTakesOver(StepContract):
    step = BY_NAME["takes-over"]

class TestRefused(StepContract):
    step = BY_NAME["gives-up"]

class TestRows(StepContract):
    step = BY_NAME["right"]
    columns = {{"x": ["many"]}}
"""


@pytest.fixture
def run_pytest(tmp_path):
    """A function (what to run) that runs the third party's tests as they do; returns what is shown."""
    (tmp_path / "test_mine.py").write_text(THIRD_PARTY)

    def run(some):
        program = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "test_mine.py",
            "-k",
            some,
        ]
        done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout

    return run


def test_a_third_party_reads_what_happened_and_how_to_mend_it(run_pytest):
    shown = run_pytest("TakesOver and (columns or rows)")

    assert "run changed column 'x' of the items that it was given. Work on a copy" in shown
    assert "FAILED test_mine.py::TestTakesOver::test_the_columns_are_left_as_they_were" in shown
    assert "1 failed, 5 passed" in shown


def test_rows_of_which_nothing_is_made_prove_nothing(run_pytest):
    shown = run_pytest("Refused and makes_what")

    assert "Nothing is made of the example's rows: It is Sunday." in shown


def test_rows_that_do_not_fit_their_fields_are_told(run_pytest):
    shown = run_pytest("Rows and makes_what")

    assert "The example does not fit its fields: InvalidInput" in shown
    assert "/records/0/x" in shown
