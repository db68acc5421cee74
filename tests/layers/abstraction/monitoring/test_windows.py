"""Reports look back in equal steps, the last of which ends now."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from minerva.errors import InvalidInput
from minerva.layers.abstraction.monitoring.windows import Windows, place

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_windows_end_now_and_the_first_may_be_shorter():
    spans = Windows.read(NOW, 2.5, "day").spans("acme", "churn")

    assert [(span.since, span.until) for span in spans] == [
        (NOW - 2.5 * DAY, NOW - 2 * DAY),
        (NOW - 2 * DAY, NOW - DAY),
        (NOW - DAY, NOW),
    ]


def test_a_report_shorter_than_its_window_has_one():
    (span,) = Windows.read(NOW, 0.5, "week").spans("acme", "churn")

    assert (span.since, span.until) == (NOW - 0.5 * DAY, NOW)


@pytest.mark.parametrize("days", [0.4, 1, 2.5, 7])
@pytest.mark.parametrize("window", ["hour", "day", "week"])
def test_each_moment_has_the_place_of_the_window_that_holds_it(days, window):
    spans = Windows.read(NOW, days, window).spans("acme", "churn")
    moments = [span.since for span in spans] + [span.until - timedelta(seconds=1) for span in spans]

    for moment in moments:
        found = spans[place(moment, spans)]
        assert found.since <= moment < found.until


@pytest.mark.parametrize("days", [0, -1, math.nan, math.inf, 4000, 1e300])
def test_days_that_are_none_are_refused(days):
    with pytest.raises(InvalidInput) as refused:
        Windows.read(NOW, days, "day")

    assert refused.value.faults[0].where == "days"


@pytest.mark.parametrize(("days", "window"), [(30, "month"), (365, "hour")])
def test_windows_that_are_unknown_or_too_many_are_refused(days, window):
    with pytest.raises(InvalidInput) as refused:
        Windows.read(NOW, days, window)

    assert refused.value.faults[0].where == "window"
