"""The runner conformance finds each defect, and only that one, and says how to mend it."""

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from minerva import InvalidConfiguration
from minerva.testing.runner import Waits, check
from minerva.testing.runner.promises import PROMISES

EXAMPLE = Path(__file__).parents[3] / "examples" / "runners" / "python" / "runner.py"
PYTHON = [sys.executable, "-S", "-E"]


@pytest.fixture
def defective(tmp_path):
    """A function (old, new) that returns a command: the example with one change."""

    def make(old, new):
        text = EXAMPLE.read_text(encoding="utf-8")
        assert text.count(old) == 1
        (tmp_path / "runner.py").write_text(text.replace(old, new), encoding="utf-8")
        return [*PYTHON, str(tmp_path / "runner.py")]

    return make


def broken(command, **limits):
    """Which promises it breaks: text → problem."""
    report = check(command, **limits)
    return {one.promise: one.problem for one in report.checks if one.problem}


def test_a_runner_by_the_book_passes(tmp_path):
    shutil.copy(EXAMPLE, tmp_path)
    told = []

    report = check([*PYTHON, "runner.py"], folder=tmp_path, told=told.append)

    assert report.passed
    assert told == list(report.checks)
    assert len(told) == len(PROMISES)
    assert all(line.startswith("✓ ") for line in report.lines())
    assert report.command == shlex.join([*PYTHON, "runner.py"])


DEFECTS = {
    "The same data and seed give the same model.": (
        "random.Random(seed)", "random.Random()", "with the same seed differ",
    ),
    "A batch of none, one or many is answered row by row alike.": (
        "rows = list(rows_of(model, request))", "rows = list(rows_of(model, request))\n    rows = rows[:1] * len(rows)",
        "differs when asked alone",
    ),
    "Members that it does not know are ignored.": (
        "rows = list(rows_of(model, request))", 'assert "novelty" not in request\n    rows = list(rows_of(model, request))',
        "answered with an error",
    ),
    "A request that does not exist is answered with an error.": (
        'raise ValueError(f"unknown request {unknown}")', "return {}", "with a result",
    ),
    "Data that cannot be learnt from is refused with the reason.": (
        "if not records:\n        raise Invalid", "if not records:\n        raise ValueError", "code is failed",
    ),
    "A line of megabytes is read.": (
        "request = json.loads(line)", "assert len(line) < 1_000_000\n        request = json.loads(line)", "exit code 1",
    ),
    "It explains, if it says that it can.": (
        'return {"contributions": added}', 'return {"contributions": {"x": 1}}', "not for größe",
    ),
    "It ends after bye.": (
        'if request["type"] == "bye":\n            return', 'if request["type"] == "bye":\n            sys.exit(4)',
        "exit code after bye is 4",
    ),
}  # fmt: skip


@pytest.mark.parametrize("promise", DEFECTS)
def test_a_defect_breaks_its_promise_and_no_other(defective, promise):
    old, new, problem = DEFECTS[promise]

    found = broken(defective(old, new))

    assert list(found) == [promise]
    assert problem in found[promise]


@pytest.mark.parametrize(
    ("old", "new", "promise", "problem"),
    [
        (
            '"model.json").write_text',
            '"model.json.tmp").write_text',
            "A fresh process loads what was saved, and predicts.",
            "No such file",
        ),
        (
            "return [chance / sum(chances) for chance in chances]",
            "return chances",
            "A fresh process loads what was saved, and predicts.",
            "do not sum to 1",
        ),
        (
            "return logistic(scores[0])",
            "return 2.0 + scores[0] ** 2",
            "A fresh process loads what was saved, and predicts.",
            "holds what is no probability",
        ),
        (
            "return float(mean + deviation * scores[0])",
            'return "12"',
            "A fresh process loads what was saved, and predicts.",
            "is not a list of 3 numbers",
        ),
        (
            "row.append(0.0 if n is None else (n - mean) / deviation)",
            "row.append((n - mean) / deviation)",
            "It learns a classification and a regression.",
            "train (classification) with the error",
        ),
        (
            "        return None\n    return float(cell",
            "        raise ValueError(f'no {value}')\n    return float(cell",
            "It learns a classification and a regression.",
            "train (classification) with the error",
        ),
        (
            '"capabilities": ["train", "predict", "explain"]',
            '"capabilities": ["explain"]',
            "It starts and answers hello.",
            "lack predict and train",
        ),
        (
            '"name": "linear models in plain Python"',
            '"name": " "',
            "It starts and answers hello.",
            "its name is empty",
        ),
    ],
)
def test_a_deeper_defect_is_named_first(defective, old, new, promise, problem):
    found = broken(defective(old, new))

    assert next(iter(found)) == promise
    assert problem.lower() in found[promise].lower()


def test_a_runner_that_stays_at_the_end_of_its_input_is_found(defective):
    command = defective("    main()\n", "    main()\n    import signal; signal.pause()\n")

    found = broken(command, waits=Waits(end_s=0.3))

    assert list(found) == ["It ends after bye.", "It ends when its input ends."]
    assert "still runs" in found["It ends after bye."]


def test_a_program_that_does_not_greet_is_asked_nothing_more():
    report = check(["cat"])

    assert not report.passed
    (one,) = report.checks
    assert "cat" in one.problem
    first, problem, advice = report.lines()
    assert first.startswith("✗ ")
    assert problem.strip() == one.problem
    assert advice.strip().startswith("Mend it: answer")


def test_a_program_that_says_nothing_is_not_waited_for_long():
    report = check(["sleep", "1000"], waits=Waits(start_s=0.2))

    assert "did not answer in time" in report.checks[0].problem


@pytest.mark.parametrize("command", [[], ["no-such-program"], ["./no-such-program"]])
def test_a_command_that_cannot_be_started_is_misuse(command):
    with pytest.raises(InvalidConfiguration):
        check(command)
