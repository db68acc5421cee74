"""What came of rows is compared by row and value, and a file by what it holds."""

import numpy as np
import pytest

from minerva.errors import InvalidInput
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.work import Made
from minerva.testing.step.outcome import difference, units_of

FAILED = Failure.of(InvalidInput("It is none."))


def numbers(*values):
    return [None if value is None else [{"x": value}] for value in values]


def test_rows_belong_to_what_they_were_made_of(tmp_path):
    made = Made({"x": np.array([1.0, np.nan, np.inf])}, np.array([0, 2, 2]), {1: FAILED})

    assert units_of(made, 4, tmp_path) == [
        [{"x": 1.0}], None, [{"x": None}, {"x": "inf"}], [],
    ]  # fmt: skip


def test_files_of_equal_content_are_equal_whatever_they_are_called(tmp_path):
    for name, content in (("a.txt", "one"), ("b.txt", "one"), ("c.txt", "two")):
        (tmp_path / name).write_text(content)
    names = np.array(["a.txt", "b.txt", "c.txt", "d.txt"], dtype=object)

    first, same, other, text = units_of(Made({"file": names}), 4, tmp_path)

    assert first == same != other
    assert text == [{"file": "d.txt"}]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (numbers(1.0, 2.0), numbers(1.0, 2.0 + 1e-9), None),
        (numbers(None), numbers(None), None),
        (numbers(1.0, 2.0), numbers(1.0, 3.0), "row 1 is 2 here, 3 there (field 'x')"),
        (numbers(1.0, "a"), numbers(1.0, None), "row 1 worked here, and failed there"),
        (numbers("a" * 99), numbers("b"), f"row 0 is '{'a' * 59}… here, 'b' there (field 'x')"),
        (numbers(1.0), numbers(1.0, 2.0), "there are 1 rows here, 2 there"),
        ([[{"x": 1}]], [[{"x": 1}, {"x": 2}]], "row 0 became 1 rows here, 2 there"),
        ([[{"x": 1}]], [[{"y": 1}]], "row 0 is 1 here, missing there (field 'x')"),
    ],
)
def test_the_first_difference_is_told(one, other, told):
    assert difference(one, other, "here", "there") == told
