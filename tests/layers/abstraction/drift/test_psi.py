"""The index is 0 where nothing changed, grows with the change, and few rows are not believed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.drift.psi import chance, expected_shares, indices

COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any).map(np.array)
ONE = np.array([0])


def psi(trained, now) -> float:
    """Return the index of one field from counts in training and now."""
    now = np.asarray(now, dtype=float)
    return float(indices(now, now.sum(), expected_shares(np.asarray(trained)), ONE)[0])


@given(COUNTS, st.integers(1, 1000))
def test_equal_shares_have_an_index_of_nothing(counts, rows):
    expected = expected_shares(counts)

    assert indices(expected * rows, rows, expected, ONE)[0] == pytest.approx(0, abs=1e-9)


@given(COUNTS, st.data())
def test_the_index_is_never_negative_and_never_infinite(trained, data):
    same_size = st.lists(st.integers(0, 1000), min_size=len(trained), max_size=len(trained))
    now = data.draw(same_size)

    assert 0 <= psi(trained, now) + 1e-12 < np.inf


def test_it_is_the_formula_where_rows_are_many():
    expected, now = np.array([0.2, 0.3, 0.5]), np.array([0.4, 0.4, 0.2])
    formula = float(((now - expected) * np.log(now / expected)).sum())

    assert psi(expected * 10**7, now * 10**7) == pytest.approx(formula, rel=1e-5)


def test_fields_are_measured_each_for_itself():
    first, second = expected_shares(np.array([5, 5])), expected_shares(np.array([1, 2, 7]))

    found = indices(
        np.array([9, 1, 3, 3, 4]), 10, np.concatenate([first, second]), np.array([0, 2])
    )

    assert found.tolist() == pytest.approx([psi([5, 5], [9, 1]), psi([1, 2, 7], [3, 3, 4])])


def test_a_further_shift_has_a_larger_index():
    values = [psi([50, 50], [50 + more, 50 - more]) for more in (0, 10, 20, 30)]

    assert values == sorted(set(values))


def test_chance_is_the_quantile_of_the_distribution_it_claims(generator):
    """A quantile so far out cannot be seen, so its shape is: where χ² has its mean, deviations fit."""
    bins, rows, trained = 10, 400, 2000
    shares = np.full(bins, 1 / bins)
    drawn = [
        psi(generator.multinomial(trained, shares), generator.multinomial(rows, shares))
        for _ in range(2000)
    ]

    scale = 1 / rows + 1 / trained
    assert np.mean(drawn) == pytest.approx((bins - 1) * scale, rel=0.05)
    assert np.std(drawn) == pytest.approx(np.sqrt(2 * (bins - 1)) * scale, rel=0.1)
    assert max(drawn) < chance(np.array([bins]), rows, trained)[0]


@pytest.mark.parametrize(
    ("fewer", "more"), [((10, 400, 50), (10, 400, 5000)), ((10, 100, 500), (10, 400, 500))]
)
def test_with_more_rows_chance_can_do_less(fewer, more):
    assert chance(np.array([fewer[0]]), *fewer[1:]) > chance(np.array([more[0]]), *more[1:])
