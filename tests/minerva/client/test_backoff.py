"""Pauses grow, are spread by chance, honour Retry-After and end before the deadline."""

from hypothesis import given
from hypothesis import strategies as st

from minerva.client.backoff import Backoff

SECONDS = st.floats(0, 1e6)


@given(st.integers(1, 10**6), SECONDS, st.floats(0, 1), SECONDS, SECONDS, SECONDS)
def test_a_pause_ends_before_the_deadline_and_not_before_what_was_asked_for(
    tries, left_s, chance, retry_after_s, first_s, longest_s
):
    pause = Backoff(first_s, longest_s).pause_s(tries, left_s, chance, retry_after_s)

    if pause is not None:
        assert retry_after_s <= pause < left_s
        assert pause <= retry_after_s + longest_s
    elif retry_after_s + longest_s < left_s:
        raise AssertionError("there was time")


def test_the_longest_possible_pause_doubles_until_it_is_long_enough():
    backoff = Backoff(first_s=0.1, longest_s=0.5)

    pauses = [backoff.pause_s(tries, 60, chance=1.0) for tries in (1, 2, 3, 4, 5000)]

    assert pauses == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_jitter_is_full():
    backoff = Backoff(first_s=0.1, longest_s=0.5)

    assert backoff.pause_s(3, 60, chance=0.0) == 0.0
    assert backoff.pause_s(3, 60, chance=0.5) == 0.2


def test_what_the_other_side_asks_for_comes_first_and_jitter_on_top():
    assert Backoff(0.1, 0.5).pause_s(1, 60, chance=0.5, retry_after_s=2) == 2.05


def test_there_is_no_pause_that_would_outlast_the_deadline():
    assert Backoff(0.1, 0.5).pause_s(1, 1.0, chance=0.5, retry_after_s=2) is None
