"""Rows are counted into the bins of a profile, whatever their order; a wrong profile is refused."""

from dataclasses import replace

import numpy as np
import pytest
from drifting import SCHEMA, rows
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.drift.bins import Bins, NumberBins
from minerva.layers.abstraction.drift.profile import (
    FieldProfile,
    Profile,
    number_places,
    profile_of,
)
from minerva.schema import Batch


def test_the_training_rows_are_counted_as_they_were_profiled(generator):
    trained = rows(generator, 700)
    profile = profile_of(trained)

    counts = Bins.of(profile, SCHEMA).count([trained])

    assert counts.tolist() == [count for field in profile.fields for count in field.counts]


def test_batches_and_their_order_do_not_matter(generator):
    bins = Bins.of(profile_of(rows(generator, 700)), SCHEMA)
    now = rows(generator, 90)
    shuffled = now.take(generator.permutation(90))
    singles = [shuffled.take(np.array([row])) for row in range(90)]

    assert bins.count(singles).tolist() == bins.count([now]).tolist()


def test_no_rows_count_nothing(generator):
    bins = Bins.of(profile_of(rows(generator, 700)), SCHEMA)

    assert bins.count([rows(generator, 0)]).sum() == 0


PROFILES = {
    "nothing": Profile(0, ()),
    "a stranger": Profile(5, (FieldProfile("other", (5, 0, 0), edges=(1.0,)),)),
    "too few bins": Profile(5, (FieldProfile("normal", (5, 0), edges=(1.0,)),)),
    "less than none": Profile(5, (FieldProfile("normal", (6, -1, 0), edges=(1.0,)),)),
    "a number by codes": Profile(5, (FieldProfile("normal", (5, 0, 0), codes=(1,)),)),
    "no such category": Profile(5, (FieldProfile("plan", (5, 0, 0), codes=(3,)),)),
}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_of_something_else_is_refused(profile):
    with pytest.raises(ValueError, match=r"profile|field|bins|categories"):
        Bins.of(profile, SCHEMA)


def test_a_profile_without_some_fields_watches_the_others(generator):
    whole = profile_of(rows(generator, 700))
    part = replace(whole, fields=whole.fields[:2])

    assert Bins.of(part, SCHEMA).names == ("normal", "skewed")


NUMBERS = st.one_of(st.floats(allow_nan=True), st.integers(-3, 3).map(float), st.just(np.nan))


@given(
    st.lists(st.lists(st.integers(-3, 3), max_size=4, unique=True).map(sorted), min_size=1),
    st.lists(NUMBERS, min_size=1, max_size=20),
)
def test_fields_are_counted_side_by_side_as_one_by_one(edges, values):
    fields = [
        FieldProfile(f"f{at}", (0,) * (len(one) + 2), edges=tuple(map(float, one)))
        for at, one in enumerate(edges)
    ]
    starts = np.cumsum([0, *[len(field.counts) for field in fields]])
    columns = {field.name: np.roll(values, at) for at, field in enumerate(fields)}

    places = NumberBins.of(fields, starts[:-1]).places(Batch(SCHEMA, columns, len(values)))

    one_by_one = [
        number_places(columns[field.name], np.array(field.edges, float)) + start
        for field, start in zip(fields, starts, strict=False)
    ]
    assert places.tolist() == np.concatenate(one_by_one).tolist()
