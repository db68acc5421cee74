"""Numbers are told in deviations from the mean of what was learnt from, whoever asks later."""

import msgspec
import numpy as np
import pytest

from minerva import Field, FieldType, InvalidConfiguration, Items, StepContext
from minerva.layers.application.steps.standardise import Standardise

NUMBER = Field(type=FieldType.NUMBER)
GAPS = Field(type=FieldType.NUMBER, nullable=True)


def items(fields, **columns):
    """Rows of these fields."""
    arrays = {name: np.array(values, float) for name, values in columns.items()}
    return Items.single(fields, arrays, len(next(iter(arrays.values()))))


def told(fields, seen, asked, **parameters):
    """What the step makes of some rows after it has looked at others."""
    step, wanted = Standardise(), msgspec.convert(parameters, Standardise.Parameters)
    made = step.outputs(fields, wanted)
    context = StepContext(wanted, made, None, None)
    learnt = step.fit(items(fields, **seen), context)
    context = StepContext(wanted, made, None, None, learnt=learnt)
    columns = step.run(items(fields, **asked), context)
    assert columns.keys() == made.keys()
    return {name: column.tolist() for name, column in columns.items()}


def test_what_was_learnt_from_has_mean_0_and_deviation_1():
    rows = {"wind": [3.0, 9.0, 12.0, 40.0]}

    made = told({"wind": NUMBER}, rows, rows)

    assert np.mean(made["wind"]) == pytest.approx(0)
    assert np.std(made["wind"]) == pytest.approx(1)


def test_later_rows_are_told_by_the_earlier_ones_whatever_is_beside_them():
    made = told({"wind": NUMBER}, {"wind": [10, 20]}, {"wind": [15, 30]})

    assert made["wind"] == [0, 3]
    assert told({"wind": NUMBER}, {"wind": [10, 20]}, {"wind": [30]})["wind"] == [3]


def test_the_median_stands_in_for_what_is_missing():
    made = told({"wind": GAPS}, {"wind": [0, 0, 30, np.nan]}, {"wind": [np.nan, 7.5]})

    assert made["wind"] == pytest.approx([-7.5 / np.std([0, 0, 30, 0]), 0])


def test_what_is_missing_may_stay_so():
    made = told({"wind": GAPS}, {"wind": [10, 20]}, {"wind": [np.nan, 15]}, fill=False)

    assert np.isnan(made["wind"][0])
    assert made["wind"][1] == 0


def test_a_field_that_never_varies_or_is_never_there_becomes_0():
    fields = {"flat": NUMBER, "none": GAPS}

    made = told(fields, {"flat": [7, 7], "none": [np.nan] * 2}, {"flat": [7], "none": [np.nan]})

    assert made == {"flat": [0], "none": [0]}


def test_what_is_huge_stays_finite():
    made = told({"wind": NUMBER}, {"wind": [1, 2]}, {"wind": [1e300, -1e300]})

    assert made["wind"] == [1e6, -1e6]


@pytest.mark.parametrize(("fill", "nullable"), [(True, False), (False, True)])
def test_fields_say_whether_they_may_be_missing(fill, nullable):
    made = Standardise().outputs({"wind": GAPS}, Standardise.Parameters(fill=fill))

    assert made["wind"].nullable is nullable


def test_what_is_no_number_is_refused_by_its_name():
    fields = {"wind": NUMBER, "sky": Field(type=FieldType.CATEGORY, values=("clear", "fog"))}

    with pytest.raises(InvalidConfiguration, match="/inputs/sky: is category, no number"):
        Standardise().outputs(fields, Standardise.Parameters())
    with pytest.raises(InvalidConfiguration, match="Only numbers"):
        Standardise().outputs({}, Standardise.Parameters())
