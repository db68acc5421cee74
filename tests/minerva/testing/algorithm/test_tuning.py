"""A search space that is named can be tried, and one that cannot is told."""

import re
from pathlib import Path

import pytest

from minerva.testing import algorithms_in
from minerva.testing.algorithm.case import make_case
from minerva.testing.algorithm.checks import by_name
from minerva.testing.verdict import Broken

SPACES = Path(__file__).parent / "search_spaces.py"
BY_NAME = {algorithm.name: algorithm for algorithm in algorithms_in(SPACES)}


@pytest.fixture
def looked(tmp_path):
    """A function (name) that returns what the check came to."""

    def look(name):
        try:
            return by_name("space").look(make_case(BY_NAME[name], workspace=tmp_path))
        except Broken as broken:
            return broken

    return look


def test_only_algorithms_with_a_search_space_are_looked_at(looked):
    assert by_name("space").concerns(BY_NAME["tries"])
    assert not by_name("space").concerns(BY_NAME["names nothing"])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("tries nothing", "width: no parameter of tries nothing; did you mean 'depth'"),
        ("tries too much", r"share/high: Expected 'float' <= 1.0"),
        ("tries backwards", r"depth: low \(5\) must be below high \(2\)"),
        ("tries too deep", r"Training with {'depth': 9} ends with InvalidData \(Too deep\)"),
    ],
)
def test_a_search_space_that_cannot_be_tried_is_found(looked, name, what):
    found = looked(name)

    assert re.match(what, found.what)
    assert "`search_space`" in found.mend


def test_a_search_space_is_tried_at_both_ends(looked):
    assert looked("tries") is None
    assert BY_NAME["tries"].depths == [2, 8]
