"""Which calls a challenger answers."""

from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.routing.share import PERCENT, place

KEYS = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False))


@given(st.text(), KEYS)
def test_a_key_always_stands_at_the_same_place_within_bounds(service, key):
    assert 0 <= place(service, key) < PERCENT
    assert place(service, key) == place(service, key)


def test_keys_spread_evenly():
    places = [place("churn", f"c-{n}") for n in range(20_000)]

    for share in (1, 10, 50, 90):
        below = sum(one < share for one in places) / len(places) * PERCENT
        assert abs(below - share) < 1


def test_another_service_draws_other_customers():
    both = [n for n in range(10_000) if place("a", n) < 10 and place("b", n) < 10]

    assert 50 < len(both) < 200  # 1 % of them, not 10 %


def test_a_number_and_its_text_are_one_customer():
    assert place("churn", 7) == place("churn", "7")


def test_the_place_never_changes_between_releases():
    assert round(place("churn", "c-1"), 6) == 99.654975
