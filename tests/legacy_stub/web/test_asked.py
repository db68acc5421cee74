"""Reading addresses: what is asked for, or the default."""

import pytest

from legacy_stub.customers import Search
from legacy_stub.risk import Band
from legacy_stub.web.asked import search_from, threshold_from, whole


def test_nothing_asked_is_the_first_page_of_everybody():
    assert search_from({}) == Search()


def test_everything_asked_is_read():
    asked = {"q": "a", "contract": "One year", "band": "high", "sort": "name", "page": "3"}

    assert search_from(asked) == Search("a", "One year", Band.HIGH, by_name=True, page=3)


def test_nonsense_is_the_default():
    asked = {"contract": "Forever", "band": "none", "sort": "'", "page": "-1"}

    assert search_from(asked) == Search()


def test_a_long_text_is_cut():
    assert len(search_from({"q": "x" * 5000}).text) == 100


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), (None, 1), ("", 1), ("1.5", 1), ("\N{SUPERSCRIPT TWO}", 1), ("9" * 5000, 10**9)],
)
def test_whole_numbers(text, number):
    assert whole(text, 1) == number


@pytest.mark.parametrize(("text", "percent"), [("60", 60), ("0", 10), ("100", 95), ("x", 60)])
def test_the_threshold_stays_within_its_slider(text, percent):
    assert threshold_from({"threshold": text}) == percent
