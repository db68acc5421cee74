"""A profile tells how the training rows were spread, and nothing of any one of them."""

import numpy as np
import pytest
from drifting import SCHEMA, rows
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.drift.profile import MOST_ROWS, evenly, profile_of
from minerva.schema import Batch, Decoder, Schema

BIG = 1.7976931348623157e308
NUMBERS = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64)),
    min_size=1,
    max_size=60,
)


def fields(batch: Batch) -> dict:
    """Return the profiles of a batch's fields by name."""
    return {field.name: field for field in profile_of(batch).fields}


def one_number(values) -> Batch:
    """Return a batch with one number field that may be missing."""
    schema = Schema.parse(
        {"inputs": {"x": {"type": "number", "nullable": True}}, "output": {"y": {"type": "number"}}}
    )
    return Decoder(schema).records([{"x": value} for value in values])


def test_every_field_that_a_model_sees_is_profiled_over_all_rows(generator):
    found = fields(rows(generator, 500))

    assert list(found) == list(SCHEMA.features)
    assert {sum(field.counts) for field in found.values()} == {500}


def test_numbers_fall_into_bins_of_equal_shares(generator):
    normal = fields(rows(generator, 1000))["normal"]

    assert len(normal.edges) == 9
    assert all(99 <= count <= 101 for count in normal.counts[:-1])
    assert normal.counts[-1] == 0


def test_few_rows_make_few_bins(generator):
    assert len(fields(rows(generator, 60))["normal"].edges) == 2


def test_a_constant_has_bins_on_both_sides(generator):
    constant = fields(rows(generator, 100))["constant"]

    assert constant.edges == (np.nextafter(5.0, 0), 5.0)
    assert constant.counts == (0, 100, 0, 0)


def test_missing_values_have_a_bin_of_their_own():
    profile = fields(one_number([None, None, *range(38)]))["x"]

    assert profile.counts[-1] == 2


def test_rare_categories_are_counted_together(generator):
    city = fields(rows(generator, 5000))["city"]

    assert 1 < len(city.codes) < 20
    assert min(city.counts[: len(city.codes)]) >= 0.025 * 5000
    assert city.counts[len(city.codes)] > 0.3 * 5000
    assert 0 < city.counts[-1] < 100


def test_personal_fields_texts_and_what_no_model_sees_are_left_out():
    schema = Schema.parse(
        {
            "key": "id",
            "inputs": {
                "income": {"type": "number", "pii": True},
                "note": {"type": "text"},
                "unused": {"type": "number", "use": False},
                "x": {"type": "number"},
            },
            "output": {"y": {"type": "number"}},
        }
    )
    record = {"id": "c-1", "income": 1.0, "note": "hello", "unused": 2.0, "x": 3.0}

    assert list(fields(Decoder(schema).records([record]))) == ["x"]


def test_no_rows_or_nothing_to_watch_make_no_profile():
    schema = Schema.parse(
        {"inputs": {"note": {"type": "text"}}, "output": {"y": {"type": "number"}}}
    )

    assert profile_of(one_number([])) is None
    assert profile_of(Decoder(schema).records([{"note": "hello"}])) is None


def test_of_very_many_rows_some_are_looked_at_from_the_first_to_the_last():
    batch = evenly(one_number(range(3 * MOST_ROWS)), MOST_ROWS)

    assert len(batch) == MOST_ROWS
    assert (batch["x"][0], batch["x"][-1]) == (0, 3 * MOST_ROWS - 1)
    assert np.diff(batch["x"]).max() <= 4


@given(NUMBERS, st.randoms(use_true_random=False))
def test_whatever_the_numbers_each_is_in_one_bin_and_their_order_does_not_matter(values, random):
    profile = profile_of(one_number(values))
    shuffled = random.sample(values, len(values))

    (field,) = profile.fields
    assert sum(field.counts) == profile.rows == len(values)
    assert field.counts[-1] == values.count(None)
    assert list(field.edges) == sorted(set(field.edges))
    assert np.isfinite(field.edges).all()
    assert profile_of(one_number(shuffled)) == profile


@pytest.mark.parametrize("values", [[-BIG] * 30, [BIG] * 30, [-BIG, BIG] * 15, [None] * 30])
def test_extreme_columns_have_a_profile(values):
    (field,) = profile_of(one_number(values)).fields

    assert sum(field.counts) == 30
    assert np.isfinite(field.edges).all()
