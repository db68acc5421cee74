"""Numbers are filled and brought to one size by what was seen of the rows that are learnt from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minerva.layers.application.scaling import FARTHEST, Scaling, bounded

TABLES = arrays(
    float, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)


@given(TABLES)
def test_columns_that_vary_get_mean_0_and_deviation_1(table):
    made = Scaling.fitted(table)
    scaled = made.scaled(made.filled(table))

    varies = table.std(axis=0) > 1e-6 * (1 + np.abs(table).max(axis=0))
    assert np.allclose(scaled[:, varies].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(scaled[:, varies].std(axis=0), 1, atol=1e-6)


@given(TABLES, st.data())
def test_a_row_is_told_alike_whatever_stands_beside_it(table, data):
    row = data.draw(st.integers(0, len(table) - 1))
    made = Scaling.fitted(table)

    assert (made.scaled(table)[row] == made.scaled(table[[row]])[0]).all()


def test_the_median_fills_gaps_and_a_column_of_gaps_is_filled_with_0():
    made = Scaling.fitted(np.array([[1, np.nan], [np.nan, np.nan], [2, np.nan], [9, np.nan]]))

    assert made.filled(np.full((1, 2), np.nan)).tolist() == [[2, 0]]


def test_what_is_far_away_is_no_farther_than_the_farthest():
    made = Scaling.fitted(np.array([[1.0], [2.0]]))

    assert made.scaled(np.array([[1e300], [-1e300], [np.nan]]))[:2, 0].tolist() == [
        FARTHEST,
        -FARTHEST,
    ]


def test_numbers_too_large_for_a_model_become_the_largest_it_takes():
    assert bounded(np.array([np.inf, -1e300])).tolist() == [np.finfo(np.float32).max, np.finfo(np.float32).min]  # fmt: skip
