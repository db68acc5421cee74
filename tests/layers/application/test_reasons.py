"""Contributions to scores become contributions to a chance, which they add up to exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva import Field, FieldType
from minerva.layers.application.reasons import in_units, to_rates

BOOLEAN = Field(type=FieldType.BOOLEAN)
NUMBER = Field(type=FieldType.NUMBER)
CLASSES = Field(type=FieldType.CATEGORY, values=("a", "b", "c"))
PAIR = Field(type=FieldType.CATEGORY, values=("a", "b"))
SCORES = st.floats(-8, 8)


def chances(scores):
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def drawn(seed, classes, fields=4, rows=6):
    draw = np.random.default_rng(seed)
    return draw.normal(0, 2, (rows, classes)), draw.normal(0, 3, (rows, classes, fields))


@given(st.integers(0, 1000))
def test_they_add_up_to_the_chance_of_the_likeliest_class_less_the_usual_one(seed):
    usual, parts = drawn(seed, 3)

    told = in_units(CLASSES, usual, parts)

    own = chances(usual + parts.sum(axis=2))
    chosen = np.arange(len(own)), own.argmax(axis=1)
    np.testing.assert_allclose(told.sum(axis=1), (own - chances(usual))[chosen], atol=1e-9)


@given(SCORES, st.lists(SCORES, min_size=2, max_size=5))
def test_of_two_classes_fields_keep_their_sign_and_their_shares(score, added):
    usual, parts = np.array([[score]]), np.array([[added]])

    told = in_units(BOOLEAN, usual, parts)[0]

    way = sum(added)
    gained = 1 / (1 + np.exp(-score - way)) - 1 / (1 + np.exp(-score))
    assert told.sum() == pytest.approx(gained, abs=1e-6)
    assert (np.sign(told) == np.sign(added))[np.abs(told) > 1e-9].all()
    if abs(way) > 0.1:
        assert told == pytest.approx(np.array(added) * gained / way, abs=1e-6)


def test_of_a_pair_the_answer_that_is_given_is_explained():
    usual, parts = np.zeros((2, 1)), np.array([[[2.0, 1.0]], [[-2.0, -1.0]]])

    told = in_units(PAIR, usual, parts)

    np.testing.assert_allclose(told[0], told[1])  # what speaks for b here speaks for a there
    assert (told > 0).all()


def test_a_field_that_adds_nothing_contributes_nothing():
    usual, parts = drawn(3, 3)
    parts[:, :, 1] = 0

    assert (in_units(CLASSES, usual, parts)[:, 1] == 0).all()


def test_fields_that_outweigh_each_other_still_contribute():
    told = in_units(BOOLEAN, np.zeros((1, 1)), np.array([[[1.0, -1.0]]]))

    np.testing.assert_allclose(told, [[0.25, -0.25]])


def test_a_numbers_are_its_own():
    parts = np.array([[[3.0, -1.0]]])

    assert in_units(NUMBER, np.array([[100.0]]), parts).tolist() == [[3.0, -1.0]]


@given(SCORES, st.lists(SCORES, min_size=2, max_size=5))
def test_of_a_rate_they_add_up_to_it_less_the_usual_one_and_fields_keep_their_sign(score, added):
    told = to_rates(np.array([score]), np.array([added]))[0]

    gained = np.exp(score + sum(added)) - np.exp(score)
    assert told.sum() == pytest.approx(gained, rel=1e-6, abs=1e-6)
    assert (np.sign(told) == np.sign(added))[np.abs(told) > 1e-9].all()


def test_fields_that_cancel_out_each_other_still_tell_what_they_did():
    assert to_rates(np.array([0.0]), np.array([[2.0, -2.0]]))[0] == pytest.approx([2.0, -2.0])
