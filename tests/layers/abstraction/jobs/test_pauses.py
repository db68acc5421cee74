"""Pauses between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.jobs.pauses import JITTER, LONGEST_S, pause_s

MIDDLE = 0.5


def test_a_pause_doubles_until_it_is_long_enough():
    pauses = [pause_s(attempt, 2, lambda: MIDDLE) for attempt in (1, 2, 3, 4, 9, 1000)]

    assert pauses == [2, 4, 8, 16, LONGEST_S, LONGEST_S]


def test_a_declared_pause_is_kept_to_and_the_last_one_goes_on():
    pauses = [pause_s(attempt, 2, lambda: MIDDLE, [5, 300]) for attempt in (1, 2, 3)]

    assert pauses == [5, 300, 300]


@given(attempt=st.integers(1, 50), chance=st.floats(0, 1))
def test_chance_moves_a_pause_by_a_quarter_at_most(attempt, chance):
    usual = pause_s(attempt, 2, lambda: MIDDLE)

    assert pause_s(attempt, 2, lambda: chance) == pytest.approx(usual, rel=JITTER)


def test_no_pause_stays_none():
    assert pause_s(3, 0, lambda: 1.0) == 0
