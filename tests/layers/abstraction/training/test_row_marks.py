"""A row's mark: of its values alone, so that order, files and workers do not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.training.row_marks import (
    LANES,
    RANGE,
    chances,
    drawn,
    fingerprint,
    row_marks,
    sums,
)

ROWS = 20_000


def columns(rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    return [
        random.normal(size=rows),
        random.integers(-1, 3, size=rows).astype(np.int32),
        np.array([f"text {n}" for n in random.integers(9, size=rows)], dtype=object),
    ]


def test_a_rows_mark_does_not_depend_on_the_rows_around_it():
    whole = columns()
    order = np.random.default_rng(1).permutation(ROWS)

    shuffled = row_marks([column[order] for column in whole], ROWS)

    assert np.array_equal(shuffled, row_marks(whole, ROWS)[order])


def test_rows_that_differ_anywhere_have_other_marks():
    marks = row_marks(columns(), ROWS)

    assert len(np.unique(marks)) == ROWS


def test_what_is_equal_is_equal_in_every_spelling():
    minus, odd_nan = np.array([-0.0, -np.nan]), np.array([0.0, np.nan])

    assert np.array_equal(row_marks([minus], 2), row_marks([odd_nan], 2))


def test_swapped_columns_and_missing_texts_are_other_rows():
    one, two = np.array([1.0]), np.array([2.0])
    missing, empty = np.array([None], dtype=object), np.array([""], dtype=object)

    assert row_marks([one, two], 1) != row_marks([two, one], 1)
    assert row_marks([missing], 1) != row_marks([empty], 1)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.8])
def test_draws_are_spread_evenly(share):
    draws = drawn(row_marks(columns(), ROWS), seed=7, purpose=1)

    assert (draws < np.uint64(share * RANGE)).mean() == pytest.approx(share, abs=0.015)
    assert chances(draws).min() >= 0
    assert chances(draws).max() < 1


def test_another_seed_or_purpose_draws_independently():
    marks = row_marks(columns(), ROWS)
    draws = [chances(drawn(marks, seed, purpose)) for seed, purpose in ((1, 1), (2, 1), (1, 2))]

    assert abs(np.corrcoef(draws) - np.eye(3)).max() < 0.03


@given(st.integers(0, 2**31 - 1))
def test_a_seed_draws_the_same_again(seed):
    marks = row_marks(columns(50), 50)

    assert np.array_equal(drawn(marks, seed, 1), drawn(marks, seed, 1))


def test_a_fingerprint_is_that_of_the_rows_in_any_parts():
    marks = row_marks(columns(), ROWS)
    parts = [sums(part) for part in np.array_split(marks[::-1], 7)]
    added = [sum(part[lane] for part in parts) for lane in range(LANES)]

    assert fingerprint(b"schema", ROWS, added) == fingerprint(b"schema", ROWS, sums(marks))
    assert fingerprint(b"schema", ROWS, sums(marks[1:])) != fingerprint(b"schema", ROWS, added)
    assert fingerprint(b"other", ROWS, added) != fingerprint(b"schema", ROWS, added)
