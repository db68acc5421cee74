"""Which rows judge, and what rows weigh."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.application.xgboost_fitting import balanced_weights, validation_rows


@given(
    st.lists(st.integers(0, 4), min_size=200, max_size=400), st.floats(0, 0.5), st.integers(0, 9)
)
def test_each_class_gives_its_share_of_validation_rows_and_keeps_the_rest(labels, share, seed):
    truth = np.array(labels)

    chosen = validation_rows(truth, share, seed, stratified=True)

    for label in set(labels):
        of_class = truth == label
        assert chosen[of_class].sum() == int(of_class.sum() * share)
        assert not chosen[of_class].all()


def test_numbers_are_not_stratified():
    chosen = validation_rows(np.arange(1000.0), 0.15, 0, stratified=False)

    assert chosen.sum() == 150


def test_the_seed_chooses_the_rows():
    truth = np.arange(1000.0)
    first, again, other = (
        validation_rows(truth, 0.15, seed, stratified=False) for seed in (1, 1, 2)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_few_rows_all_teach():
    assert not validation_rows(np.arange(199.0), 0.5, 0, stratified=False).any()


@given(st.lists(st.integers(0, 4), min_size=1))
def test_every_class_present_weighs_the_same(labels):
    truth = np.array(labels)

    weights = balanced_weights(truth)

    sums = [weights[truth == label].sum() for label in set(labels)]
    assert np.allclose(sums, sums[0])
    assert np.isclose(weights.mean(), 1)
