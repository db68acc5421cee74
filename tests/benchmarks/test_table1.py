"""What the comparison of program and flow prints, and when it says that both do not agree."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
TOLD = ((0.1, 0.6, 0.1, 0.1, 0.1), (0.9, 0.1, 0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def table1():
    """What the script defines; it finds its neighbours in its own folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "benchmarks")
        return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "table1.py")))


@pytest.fixture
def took(table1):
    """A function that returns what one recommendation took, and said."""

    def made(classifier=3.0, confidences=TOLD, urban=0.5, best="star-mall"):
        return table1.Took(
            classifier, 0.1, 0.2, classifier + 0.3, confidences, {"urban": urban}, best
        )

    return made


def test_times_are_the_middle_of_the_rounds_own(table1, took, capsys):
    program = [took(seconds) for seconds in (4.0, 6.0, 9.0)]
    flow = [took(seconds) for seconds in (2.0, 2.0, 1.0)]

    table1.table(program, flow)
    table1.ablation({"monolith": program, "flow": flow})

    told = capsys.readouterr().out
    assert "| scene classifier | 6.0000 | 2.0000 | 3.00 |" in told
    assert "| monolith | 6.000 | 1.00 |" in told
    assert "| flow | 2.000 | 3.00 |" in told


def test_equal_answers_are_told(table1, took, capsys):
    table1.agreed(took(), took(urban=0.51))

    assert "Same class for 2 of 2 photos; profiles differ by 0.0100" in capsys.readouterr().out


def test_a_tie_may_end_either_way(table1, took, capsys):
    tie = ((0.41, 0.4, 0.1, 0.09, 0.0), TOLD[1])
    other = ((0.4, 0.41, 0.1, 0.09, 0.0), TOLD[1])

    table1.agreed(took(confidences=tie), took(confidences=other))

    assert "Same class for 1 of 2 photos" in capsys.readouterr().out


@pytest.mark.parametrize(
    "differs",
    [{"urban": 0.53}, {"best": "old-bridge"}, {"confidences": ((0.9, 0.1, 0, 0, 0), TOLD[1])}],
)
def test_answers_that_differ_end_it_with_an_error(table1, took, differs):
    with pytest.raises(SystemExit, match="do not agree"):
        table1.agreed(took(), took(**differs))
