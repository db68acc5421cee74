"""Moments become points on the circles of the day, the week and the year, by the clock of a place."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva import Field, FieldType, InvalidConfiguration, Items, StepContext
from minerva.layers.application.steps.calendar import Calendar

FIELDS = {"at": Field(type=FieldType.TIMESTAMP)}


def told(*moments, **parameters):
    """What the step makes of moments: an ISO text in UTC, seconds, or None."""
    step, wanted = Calendar(), msgspec.convert(parameters, Calendar.Parameters)
    made = step.outputs(FIELDS, wanted)
    seconds = [np.nan if one is None else _seconds(one) for one in moments]
    items = Items.single(FIELDS, {"at": np.array(seconds, float)}, len(moments))
    columns = step.run(items, StepContext(wanted, made, None, None))
    assert columns.keys() == made.keys()
    return columns


def _seconds(moment):
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    return moment


def turn(columns, part):
    """How far the circle of a part has turned, 0 to 1."""
    angles = np.arctan2(columns[f"{part}_sin"], columns[f"{part}_cos"])
    return np.round(angles / (2 * np.pi) % 1, 9) % 1


def test_the_day_turns_by_hours_and_minutes():
    made = told("2026-03-01T00:00", "2026-03-01T06:00", "2026-03-01T18:30", "1969-12-31T12:00")

    assert turn(made, "hour").tolist() == pytest.approx([0, 0.25, 18.5 / 24, 0.5])


def test_the_week_begins_on_monday():
    made = told("2026-03-02T10:00", "2026-03-08T23:59", "1969-12-29T01:00")

    assert turn(made, "weekday").tolist() == pytest.approx([0, 6 / 7, 0])


def test_the_year_turns_by_days_leap_years_too():
    made = told("2024-01-01T00:00", "2024-12-31T23:00", "2023-03-01T00:00")

    assert turn(made, "day_of_year") * 365.2425 == pytest.approx([0, 365, 59])


def test_the_clock_is_that_of_the_place_summer_and_winter():
    made = told("2026-01-15T12:00", "2026-07-15T12:00", timezone="Europe/Berlin")

    assert turn(made, "hour").tolist() == pytest.approx([13 / 24, 14 / 24])


@given(st.floats(-62_135_510_400, 253_402_214_400))
def test_hour_and_weekday_are_those_of_the_standard_library(second):
    moment = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo("Asia/Kathmandu"))

    made = told(second, timezone="Asia/Kathmandu", parts=["hour", "weekday"])

    hours = moment.hour + moment.minute / 60 + moment.second / 3600 + moment.microsecond / 3.6e9
    apart = abs(turn(made, "hour")[0] * 24 - hours)
    assert min(apart, 24 - apart) < 1e-4
    assert turn(made, "weekday")[0] * 7 == pytest.approx(moment.weekday(), abs=1e-6)


def test_a_moment_that_is_missing_stays_missing_and_disturbs_no_other():
    made = told(None, "2026-03-01T06:00")

    assert np.isnan(made["hour_sin"]).tolist() == [True, False]
    assert made["hour_sin"][1] == 1


def test_no_moments_make_no_points():
    assert all(len(column) == 0 for column in told().values())


def test_the_last_day_of_all_has_an_hour_too():
    assert turn(told(253_402_300_799.0, timezone="Pacific/Auckland"), "hour").shape == (1,)


def test_only_the_parts_that_are_wanted_are_made():
    assert list(told("2026-03-01T06:00", parts=["weekday"])) == ["weekday_sin", "weekday_cos"]


@pytest.mark.parametrize("name", ["Berlin/Europe", "", "../etc", "Europe"])
def test_a_time_zone_that_nobody_knows_is_refused(name):
    with pytest.raises(InvalidConfiguration, match="no time zone such as"):
        Calendar().outputs(FIELDS, Calendar.Parameters(timezone=name))
