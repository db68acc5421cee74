"""A field has drifted if it is far from its training and that is no chance; few rows say nothing."""

import numpy as np
import pytest

from minerva.layers.abstraction.drift.comparison import Seen, Verdict, compare
from minerva.layers.abstraction.drift.profile import FieldProfile, field_profile
from minerva.schema import Field, FieldType

NUMBER = Field(type=FieldType.NUMBER, nullable=True)
PLAN = Field(type=FieldType.CATEGORY, values=("tin", "gold", "iron"), nullable=True)
TRUTH = Field(type=FieldType.BOOLEAN)
THRESHOLD, ALARMS = 0.2, 0.01


def judged(column, trained, field=NUMBER, threshold=THRESHOLD):
    """Compare one column with one of training rows."""
    seen = Seen(field_profile("x", field, trained), field, column)
    return compare([seen], threshold, ALARMS)[0]


def test_a_number_that_moved_has_drifted(generator):
    found = judged(generator.normal(loc=1, size=400), generator.normal(size=5000))

    assert (found.verdict, found.test.name) == (Verdict.DRIFTED, "ks")
    assert found.psi > 0.5
    assert found.test.p < 1e-9


def test_a_number_that_stayed_is_steady(generator):
    found = judged(generator.normal(size=400), generator.normal(size=5000))

    assert found.verdict is Verdict.STEADY
    assert found.psi < 0.1


def test_few_rows_are_too_few_however_far_they_are(generator):
    found = judged(generator.normal(loc=9, size=49), generator.normal(size=5000))

    assert found.verdict is Verdict.TOO_FEW
    assert found.psi > 1


def test_a_small_difference_of_very_many_rows_is_no_drift(generator):
    found = judged(generator.normal(loc=0.1, size=20_000), generator.normal(size=50_000))

    assert found.test.p < ALARMS
    assert found.verdict is Verdict.STEADY


def test_values_that_are_missing_now_are_a_drift(generator):
    now = generator.normal(size=400)
    now[:200] = np.nan

    found = judged(now, generator.normal(size=5000))

    assert (found.verdict, found.test.name) == (Verdict.DRIFTED, "chi2")
    assert (found.missing, found.missing_trained) == (0.5, 0)


def test_values_beyond_those_of_the_training_are_unseen(generator):
    trained = np.linspace(0, 1, 500)

    assert judged(np.append(np.full(75, 0.5), np.full(25, 3.0)), trained).unseen == 0.25
    assert judged(np.full(100, 0.5), trained).unseen == 0


def test_a_category_that_no_training_row_had_is_unseen():
    trained = np.array([0] * 900 + [1] * 100, np.int32)
    now = np.array([0] * 50 + [2] * 50, np.int32)

    found = judged(now, trained, PLAN)

    assert (found.unseen, found.verdict, found.test.name) == (0.5, Verdict.DRIFTED, "chi2")


def test_a_rare_category_is_not_unseen():
    trained = np.array([0] * 999 + [2], np.int32)

    assert judged(np.array([0] * 99 + [2], np.int32), trained, PLAN).unseen == 0


def test_booleans_are_compared_by_their_counts():
    trained = np.array([0.0, 1.0] * 500)

    found = judged(np.array([1.0] * 95 + [0.0] * 5), trained, TRUTH)

    assert (found.test.name, found.verdict) == ("chi2", Verdict.DRIFTED)


def test_many_fields_are_corrected_for(generator):
    trained, now = generator.normal(size=5000), generator.normal(loc=0.3, size=150)
    seen = Seen(field_profile("x", NUMBER, trained), NUMBER, now)

    (alone,) = compare([seen], THRESHOLD, ALARMS)
    among_many = compare([seen] * 100, THRESHOLD, ALARMS)[0]

    assert among_many.test.p == pytest.approx(min(1.0, 100 * alone.test.p))


def test_a_profile_from_before_there_were_knots_is_compared_at_its_edges(generator):
    whole = field_profile("x", NUMBER, generator.normal(size=5000))
    old = FieldProfile(whole.name, whole.counts, whole.edges)

    (found,) = compare([Seen(old, NUMBER, generator.normal(loc=1, size=400))], THRESHOLD, ALARMS)

    assert found.verdict is Verdict.DRIFTED
    assert found.unseen == 0


def test_a_threshold_of_zero_calls_nothing_a_drift(generator):
    far = generator.normal(loc=9, size=400)

    assert judged(far, generator.normal(size=5000), threshold=0).verdict is Verdict.STEADY


def test_no_rows_are_told_as_none():
    found = judged(np.empty(0), np.linspace(0, 1, 100))

    assert (found.rows, found.psi, found.missing, found.unseen) == (0, 0, 0, 0)
    assert found.verdict is Verdict.TOO_FEW
