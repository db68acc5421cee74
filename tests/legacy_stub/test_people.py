"""Invented people: always the same, plainly invented, and found however they are spelt."""

import pytest

from legacy_stub.people import folded, invented


def test_the_same_number_is_always_the_same_person():
    assert invented(1, female=True) == ("Deepa Almeida", "deepa.almeida1@example.net")
    assert invented(1, female=True) == invented(1, female=True)


def test_addresses_are_plain_ascii_in_domains_reserved_for_examples():
    for number in range(1, 3000):
        _, email = invented(number, female=number % 2 == 0)
        assert email.isascii()
        assert email.rpartition("@")[2] in {"example.com", "example.net", "example.org"}


def test_no_two_people_share_an_address():
    emails = {invented(number, female=number % 2 == 0)[1] for number in range(1, 7044)}

    assert len(emails) == 7043


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Zoë", "zoe"),
        ("ZOE\N{COMBINING DIAERESIS}", "zoe"),
        ("Łukasz", "lukasz"),
        ("Søren", "soren"),
    ],
)
def test_case_and_marks_make_no_difference(written, searched):
    assert folded(written) == searched


def test_space_and_control_characters_are_reduced():
    assert folded("  a \t b\x00c ") == "a bc"
