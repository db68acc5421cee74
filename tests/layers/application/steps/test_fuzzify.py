"""Confidences of many items become a profile: degrees in fuzzy sets, and a crisp value."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva import Field, FieldType, InvalidConfiguration, Items, StepContext
from minerva.layers.application.steps.fuzzify import Fuzzify, memberships

SHARE = Field(type=FieldType.NUMBER, minimum=0, maximum=1)
SHARES = st.floats(0, 1)


def profile(confidences, of, records, **parameters):
    """What the step makes of one field's confidences."""
    step, fields = Fuzzify(), {"castle": SHARE}
    wanted = msgspec.convert(parameters, Fuzzify.Parameters)
    made = step.outputs(fields, wanted)
    column = np.array(confidences, dtype=float)
    items = Items(fields, {"castle": column}, np.array(of, dtype=np.intp), records)
    columns = step.run(items, StepContext(wanted, made, None, None))
    assert columns.keys() == made.keys()
    assert all(column.shape == (records,) for column in columns.values())
    return {name: column.tolist() for name, column in columns.items()}


def test_between_two_peaks_a_confidence_belongs_to_both_sets():
    peaks = np.array([0.2, 0.4, 0.8])

    degrees = memberships(np.array([0.1, 0.2, 0.3, 0.4, 0.7, 0.8, 1.0]), peaks)

    assert degrees == pytest.approx(
        np.array(
            [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.25, 0.75], [0, 0, 1], [0, 0, 1]]
        )
    )


def test_a_profile_is_the_mean_of_its_items_and_no_other_records():
    made = profile([1.0, 0.0, 1.0, 0.5], [0, 0, 0, 1], 2)

    assert made["castle_level.low"] == pytest.approx([1 / 3, 0])
    assert made["castle_level.medium"] == pytest.approx([0, 1])
    assert made["castle_level.high"] == pytest.approx([2 / 3, 0])
    assert made["castle_level"] == [2, 1]
    assert made["castle"] == pytest.approx([2 / 3, 0.5])


def test_what_is_between_the_peaks_counts_more_or_less_than_it_is():
    made = profile([0.1, 0.9, 0.2], [0, 1, 2], 3, peaks=[0.1, 0.3, 0.9])

    assert made["castle"] == pytest.approx([0, 1, 0.25])


def test_without_any_item_all_is_low():
    made = profile([0.9], [1], 3)

    assert made["castle"] == pytest.approx([0, 0.9, 0])
    assert made["castle_level"] == [0, 2, 0]
    assert made["castle_level.low"] == [1, 0, 1]


def test_an_item_of_unknown_confidence_does_not_count():
    assert profile([np.nan, 0.75, np.nan], [0, 0, 1], 2)["castle"] == pytest.approx([0.75, 0])


PEAKS = st.lists(st.integers(0, 1000), min_size=3, max_size=3, unique=True)


@settings(deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=30), PEAKS)
def test_degrees_add_up_to_one_and_more_confidence_is_never_less_interest(confidences, peaks):
    rising = [peak / 1000 for peak in sorted(peaks)]
    lower = [confidence / 2 for confidence in confidences]

    made = profile(confidences, [0] * len(confidences), 1, peaks=rising)
    less = profile(lower, [0] * len(lower), 1, peaks=rising)

    degrees = [made[f"castle_level.{level}"][0] for level in ("low", "medium", "high")]
    assert sum(degrees) == pytest.approx(1)
    assert 0 <= less["castle"][0] <= made["castle"][0] + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize(
    "peaks", [(0.5, 0.2, 0.9), (0.1, 0.1, 0.9), (0.1, 0.9, 0.9), (0.0, 2e-311, 1.0)]
)
def test_peaks_that_do_not_rise_are_refused(peaks):
    wanted = Fuzzify.Parameters(peaks=peaks)

    with pytest.raises(InvalidConfiguration) as caught:
        Fuzzify().outputs({"castle": SHARE}, wanted)

    assert [fault.where for fault in caught.value.faults] == ["/parameters/peaks"]


def test_only_numbers_are_fuzzified_and_the_others_are_named():
    with pytest.raises(InvalidConfiguration) as caught:
        Fuzzify().outputs(
            {"castle": SHARE, "name": Field(type=FieldType.TEXT)}, Fuzzify.Parameters()
        )

    assert [fault.where for fault in caught.value.faults] == ["/inputs/name"]
