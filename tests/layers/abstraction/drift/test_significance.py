"""Tests give what scipy's do, and take a difference for chance rather than chance for a difference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minerva.layers.abstraction.drift.significance import (
    binomial_tail,
    chi_square,
    chi_square_tail,
    kolmogorov_tail,
    ks,
)

KNOTS = np.linspace(-3, 3, 50)


def below(values):
    """How many of some values are at most each knot."""
    return np.searchsorted(np.sort(values), KNOTS, side="right")


@given(st.floats(0.01, 12))
def test_the_tail_of_kolmogorov_s_statistic_is_scipy_s(value):
    assert kolmogorov_tail(value) == pytest.approx(stats.kstwobign.sf(value), rel=1e-6, abs=1e-12)


@given(st.floats(0.001, 600), st.integers(1, 60))
def test_the_tail_of_chi_square_is_scipy_s(value, degrees):
    expected = stats.chi2.sf(value, degrees)

    assert chi_square_tail(value, degrees) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_shift_of_one_standard_deviation_is_beyond_chance(generator):
    trained, now = generator.normal(size=5000), generator.normal(loc=1, size=200)

    found = ks(now, KNOTS, below(trained), 5000)

    assert found.statistic == pytest.approx(stats.ks_2samp(now, trained).statistic, abs=0.05)
    assert found.p < 1e-12


def test_the_distance_at_knots_is_never_above_the_whole_one(generator):
    for _ in range(50):
        trained, now = generator.normal(size=800), generator.normal(size=300)
        whole = stats.ks_2samp(now, trained, method="asymp")
        found = ks(now, KNOTS, below(trained), 800)
        assert found.statistic <= whole.statistic + 1e-12
        assert found.p >= whole.pvalue * 0.8


def test_counts_are_compared_as_scipy_does(generator):
    trained, now = generator.multinomial(5000, [0.5, 0.3, 0.2]), np.array([80, 80, 40])
    expected = stats.chi2_contingency(np.stack([now, trained]), correction=False)

    found = chi_square(now, trained)

    assert (found.name, found.statistic) == ("chi2", pytest.approx(expected.statistic))
    assert found.p == pytest.approx(expected.pvalue)


def test_one_row_in_a_bin_that_was_empty_in_training_is_as_likely_as_its_being_here():
    assert chi_square(np.array([99, 1]), np.array([100_000, 0])).p == pytest.approx(0.001, rel=0.01)
    assert chi_square(np.array([100, 0]), np.array([100_000, 0])).p == 1


@pytest.mark.parametrize("trained", [100, 100_000])
def test_many_rows_in_a_bin_that_was_empty_in_training_are_no_chance(trained):
    assert chi_square(np.array([60, 40]), np.array([trained, 0])).p < 1e-9


@given(st.integers(1, 200), st.floats(0.001, 0.999), st.data())
def test_the_tail_of_the_binomial_is_scipy_s(tries, share, data):
    least = data.draw(st.integers(0, tries))

    expected = stats.binom.sf(least - 1, tries, share)
    assert binomial_tail(least, tries, share) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_nothing_beside_something_tells_nothing():
    assert chi_square(np.zeros(3), np.array([5, 5, 5])).p == 1
    assert ks(np.empty(0), KNOTS, below(np.zeros(10)), 10).p == 1
    assert ks(np.ones(5), np.empty(0), np.empty(0), 10).p == 1
    assert math.isclose(chi_square_tail(0, 3), 1)


@pytest.mark.parametrize("spread", [[0.5, 0.3, 0.19, 0.01], [0.97, 0.02, 0.01]])
def test_chance_looks_significant_no_more_often_than_it_says(generator, spread):
    drawn = [
        chi_square(generator.multinomial(200, spread), generator.multinomial(3000, spread)).p
        for _ in range(2000)
    ]

    assert np.mean(np.array(drawn) < 0.01) < 0.02
