"""Holding rows out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.training.split import folds, hold_out
from minerva.schema import Field, FieldType

NUMBER = Field(type=FieldType.NUMBER)
CLASSES = Field(type=FieldType.CATEGORY, values=("a", "b", "c"))


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=60),
    st.floats(0.001, 0.999),
    st.integers(0, 2**31 - 1),
    st.sampled_from([NUMBER, CLASSES]),
)
@settings(deadline=None)
def test_every_row_is_in_one_part_and_no_part_is_empty(target, share, seed, field):
    truth = np.array(target, dtype=np.int32)

    train, held = hold_out(truth, field, share, seed)

    assert sorted([*train, *held]) == list(range(len(truth)))
    assert train.tolist() == sorted(train)
    assert held.tolist() == sorted(held)
    assert min(len(train), len(held)) >= 1


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_classes_keep_their_proportions_and_a_row_to_learn_from(target, share):
    truth = np.array(target, dtype=np.int32)

    train, held = hold_out(truth, CLASSES, share, 0)

    for code in np.unique(truth):
        size = int((truth == code).sum())
        in_held = int((truth[held] == code).sum())
        assert abs(in_held - size * share) <= 1
    if len(held) > 1:
        assert set(truth[train]) == set(truth)


def test_the_same_seed_holds_out_the_same_rows_and_another_seed_others():
    truth = np.arange(1000.0)

    first, again = hold_out(truth, NUMBER, 0.25, 7)[1], hold_out(truth, NUMBER, 0.25, 7)[1]
    other = hold_out(truth, NUMBER, 0.25, 8)[1]

    np.testing.assert_array_equal(first, again)
    assert len(first) == len(other) == 250
    assert set(first) != set(other)


def test_truth_and_falsehood_are_classes_too():
    truth = np.array([0.0] * 96 + [1.0] * 4)

    _, held = hold_out(truth, Field(type=FieldType.BOOLEAN), 0.25, 0)

    assert truth[held].sum() == 1


@pytest.mark.parametrize("field", [NUMBER, CLASSES])
def test_of_two_rows_one_is_held_out_whatever_the_share(field):
    for share in (0.001, 0.999):
        train, held = hold_out(np.array([0, 1], dtype=np.int32), field, share, 0)

        assert (len(train), len(held)) == (1, 1)


@given(
    st.lists(st.integers(0, 2), min_size=6, max_size=60),
    st.integers(2, 6),
    st.integers(0, 2**31 - 1),
    st.sampled_from([NUMBER, CLASSES]),
)
@settings(deadline=None)
def test_folds_hold_every_row_out_once(target, count, seed, field):
    truth = np.array(target, dtype=np.int32)

    parts = folds(truth, field, count, seed)

    assert sorted(row for _, held in parts for row in held) == list(range(len(truth)))
    assert all(sorted([*train, *held]) == list(range(len(truth))) for train, held in parts)
    sizes = [len(held) for _, held in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.integers(0, 2), min_size=6, max_size=60), st.integers(2, 6))
@settings(deadline=None)
def test_classes_are_spread_over_the_folds_evenly(target, count):
    truth = np.array(target, dtype=np.int32)

    parts = folds(truth, CLASSES, count, 0)

    for code in np.unique(truth):
        held = [int((truth[rows] == code).sum()) for _, rows in parts]
        assert max(held) - min(held) <= 1
