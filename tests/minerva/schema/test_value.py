"""What is wrong with one value, in words that help."""

import pytest

from minerva.schema.field import Field, FieldType
from minerva.schema.value import checker

PLANS = Field(type=FieldType.CATEGORY, values=("Month-to-month", "One year", "Two year"))
MANY = Field(type=FieldType.CATEGORY, values=tuple(f"plan {n}" for n in range(101)))


@pytest.mark.parametrize("value", ["One yeer", "one year", "ONE YEAR"])
def test_a_category_that_is_misspelt_is_answered_with_what_was_meant(value):
    assert checker(PLANS)(value) == (
        "is not one of 'Month-to-month', 'One year', 'Two year'; did you mean 'One year'?"
    )


@pytest.mark.parametrize("value", ["zzz", 7, True])
def test_what_is_like_no_value_is_answered_with_the_values_alone(value):
    assert checker(PLANS)(value) == "is not one of 'Month-to-month', 'One year', 'Two year'"


def test_of_very_many_values_nobody_looks_for_the_nearest():
    assert "did you mean" not in checker(MANY)("plan x")
