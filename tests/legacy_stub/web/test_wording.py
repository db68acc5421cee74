"""How values read."""

import datetime as dt

import pytest

from legacy_stub.web.wording import dollars, moment, money, months, percent, yes_no


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "<1%"),
        (0.004, "<1%"),
        (0.5, "50%"),
        (0.994, "99%"),
        (0.999, ">99%"),
        (None, "\N{EN DASH}"),
    ],
)
def test_percent_is_never_certain(share, text):
    assert percent(share) == text


def test_money():
    assert money(1234.5) == "$1,234.50"
    assert money(None) == "\N{EN DASH}"
    assert dollars(1234567.8) == "$1,234,568"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 mo"), (11, "11 mo"), (12, "1 y"), (72, "6 y"), (25, "2 y 1 mo")]
)
def test_months(number, text):
    assert months(number) == text


def test_moments_are_in_utc():
    assert moment(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)) == "2026-01-02 03:04:05 UTC"
    assert moment(None) == "\N{EN DASH}"


def test_flags():
    assert (yes_no(1), yes_no(0)) == ("Yes", "No")
