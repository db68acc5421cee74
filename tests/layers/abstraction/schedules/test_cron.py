"""Cron expressions on ordinary days and where clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.schedules.cron import Cron, wrong_expression, wrong_timezone

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Asia/Beirut", "America/Havana", "Pacific/Apia", "Africa/Casablanca",
)  # fmt: skip


def local(cron, start, count):
    """Return the first times after `start`, a text in the zone, as its clock shows them."""
    begin = datetime.fromisoformat(start).replace(tzinfo=cron.zone)
    fired = islice(cron.after(begin.astimezone(UTC)), count)
    return [f"{moment.astimezone(cron.zone):%m-%d %H:%M%z}" for moment in fired]


@pytest.mark.parametrize(
    ("zone", "expression", "start", "fires"),
    [
        # 02:30 does not exist: once, at the first moment after the gap
        ("Europe/Berlin", "30 2 * * *", "2026-03-28", ["03-28 02:30+0100", "03-29 03:00+0200", "03-30 02:30+0200"]),
        ("America/New_York", "30 2 * * *", "2026-03-07", ["03-07 02:30-0500", "03-08 03:00-0400", "03-09 02:30-0400"]),
        ("Australia/Lord_Howe", "10 2 * * *", "2026-10-03", ["10-03 02:10+1030", "10-04 02:30+1100", "10-05 02:10+1100"]),
        # several times inside the gap: once in all, also where one stands at its end
        ("Europe/Berlin", "0,30 2,3 * * *", "2026-03-29", ["03-29 03:00+0200", "03-29 03:30+0200", "03-30 02:00+0200"]),
        ("Europe/Berlin", "*/10 2 * * *", "2026-03-29", ["03-29 03:00+0200", "03-30 02:00+0200", "03-30 02:10+0200"]),
        # 02:30 exists twice: the first time only
        ("Europe/Berlin", "30 2 * * *", "2026-10-24", ["10-24 02:30+0200", "10-25 02:30+0200", "10-26 02:30+0100"]),
        ("America/New_York", "30 1 * * *", "2026-10-31", ["10-31 01:30-0400", "11-01 01:30-0400", "11-02 01:30-0500"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04", ["04-04 01:45+1100", "04-05 01:45+1100", "04-06 01:45+1030"]),
        # hourly: in every hour that passes
        ("Europe/Berlin", "0 * * * *", "2026-03-29 00:30", ["03-29 01:00+0100", "03-29 03:00+0200", "03-29 04:00+0200"]),
        ("Europe/Berlin", "0 * * * *", "2026-10-25 01:30", ["10-25 02:00+0200", "10-25 02:00+0100", "10-25 03:00+0100"]),
        ("America/New_York", "15 * * * *", "2026-03-08 00:30", ["03-08 01:15-0500", "03-08 03:15-0400", "03-08 04:15-0400"]),
        ("America/New_York", "15 * * * *", "2026-11-01 00:30", ["11-01 01:15-0400", "11-01 01:15-0500", "11-01 02:15-0500"]),
        # half an hour at Lord Howe: the clock shows 02:00 never, and 01:30 to 01:59 twice
        ("Australia/Lord_Howe", "0 * * * *", "2026-10-04 00:30", ["10-04 01:00+1030", "10-04 03:00+1100", "10-04 04:00+1100"]),
        ("Australia/Lord_Howe", "45 * * * *", "2026-04-05 01:00", ["04-05 01:45+1100", "04-05 01:45+1030", "04-05 02:45+1030"]),
        ("Australia/Lord_Howe", "0 */2 * * *", "2026-04-05 00:30", ["04-05 02:00+1030", "04-05 04:00+1030", "04-05 06:00+1030"]),
        # a zone at a quarter of an hour, which changes no clocks
        ("Asia/Kathmandu", "0 3 * * *", "2026-03-29", ["03-29 03:00+0545", "03-30 03:00+0545", "03-31 03:00+0545"]),
        # midnight itself is skipped, and shown twice
        ("Asia/Beirut", "0 0 * * *", "2026-03-28 12:00", ["03-29 01:00+0300", "03-30 00:00+0300", "03-31 00:00+0300"]),
        ("Asia/Beirut", "30 23 * * *", "2026-10-24", ["10-24 23:30+0300", "10-25 23:30+0200", "10-26 23:30+0200"]),
        # a whole day that never was
        ("Pacific/Apia", "0 3 * * *", "2011-12-29", ["12-29 03:00-1000", "12-31 00:00+1400", "12-31 03:00+1400"]),
        # weekdays, months, the last of a month
        ("Europe/Berlin", "0 6 * * MON-FRI", "2026-03-27 12:00", ["03-30 06:00+0200", "03-31 06:00+0200", "04-01 06:00+0200"]),
        ("Europe/Berlin", "0 6 L * *", "2026-02-01", ["02-28 06:00+0100", "03-31 06:00+0200", "04-30 06:00+0200"]),
    ],
)  # fmt: skip
def test_a_clock_that_is_changed_neither_drops_nor_repeats_a_run(zone, expression, start, fires):
    assert local(Cron(expression, zone), start, 3) == fires


@pytest.mark.parametrize(
    ("start", "next_one"),
    [
        ("2026-10-25T00:29:59+00:00", "2026-10-25T00:30:00+00:00"),  # before 02:30 the first time
        ("2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),  # at it
        ("2026-10-25T01:10:00+00:00", "2026-10-26T01:30:00+00:00"),  # before 02:30 the second time
        (
            "2026-03-29T00:59:59+00:00",
            "2026-03-29T01:00:00+00:00",
        ),  # the last second before the gap
        ("2026-03-29T01:00:00+00:00", "2026-03-30T00:30:00+00:00"),  # its end
    ],
)
def test_what_comes_next_depends_on_the_moment_and_not_on_what_the_clock_shows(start, next_one):
    cron = Cron("30 2 * * *", "Europe/Berlin")

    assert next(cron.after(datetime.fromisoformat(start))) == datetime.fromisoformat(next_one)


fields = st.tuples(
    st.sampled_from(["*", "0", "30", "*/15", "5,45", "59"]),
    st.sampled_from(["*", "*/2", "0", "1", "2", "0-3", "1,23", "23"]),
    st.sampled_from(["*", "*", "28-31", "1", "L"]),
    st.sampled_from(["*", "3,4", "9-11"]),
    st.sampled_from(["*", "*", "SUN", "0,6"]),
).map(" ".join)
moments = st.integers(0, 366 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * MINUTE)
changes = st.sampled_from(
    [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
     datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC),
     datetime(2026, 10, 3, 15, 30, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC),
     datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 21, tzinfo=UTC)]
)  # fmt: skip
near_changes = st.builds(lambda at, n: at + n * MINUTE, changes, st.integers(-300, 120))


def shows(cron, wall):
    """Whether an expression names a clock's time: the ordinary meaning, without any zone."""
    before = Cron(cron.expression, "UTC").after((wall - MINUTE).replace(tzinfo=UTC))
    return next(before) == wall.replace(tzinfo=UTC)


def minute_by_minute(cron, start, minutes):
    """Return what fires, found the slow way: by looking at the clock in every minute."""
    zone, seen, fires = cron.zone, None, []
    rhythm = cron.expression.split()[1].startswith("*")
    for n in range(-180, minutes + 1):  # from before any change that still matters
        moment = start + n * MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        previous = seen
        seen = wall if previous is None or rhythm else max(previous, wall)
        if rhythm or previous is None:
            due = shows(cron, wall)
        else:
            between = int((seen - previous) / MINUTE)  # 0: shown before; more than 1: a gap
            due = any(shows(cron, previous + m * MINUTE) for m in range(1, between + 1))
        if due and n > 0:
            fires.append(moment)
    return fires


@given(fields, st.sampled_from(ZONES), near_changes | moments)
@settings(max_examples=60, deadline=None)
def test_it_fires_as_someone_who_watches_the_clock_would_say(expression, zone, start):
    cron = Cron(expression, zone)
    end = start + 240 * MINUTE

    fired = [*takewhile(lambda moment: moment <= end, cron.after(start))]

    assert fired == minute_by_minute(cron, start, 240)


@given(fields, st.sampled_from(ZONES), near_changes | moments, st.integers(0, 5000))
@settings(max_examples=100, deadline=None)
def test_it_goes_on_from_any_moment_as_if_it_had_never_been_asked(expression, zone, start, later):
    cron = Cron(expression, zone)
    end = start + timedelta(days=4)
    middle = start + later * MINUTE

    whole = [*takewhile(lambda moment: moment <= end, cron.after(start))]
    rest = [*takewhile(lambda moment: moment <= end, cron.after(middle))]

    assert rest == [moment for moment in whole if moment > middle]
    assert whole == sorted(set(whole))
    assert cron.last(start, end) == (whole[-1] if whole else None)


def test_the_last_moment_of_many_years_is_found_at_once():
    cron = Cron("* * * * *", "Europe/Berlin")
    now = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)

    assert cron.last(now - timedelta(days=3650), now) == now.replace(second=0)
    assert cron.last(now - timedelta(seconds=10), now) is None
    assert Cron("0 0 29 2 *").last(datetime(2020, 3, 1, tzinfo=UTC), now) == datetime(
        2024, 2, 29, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("0 3 * * *", None),
        ("0 0 29 2 *", None),
        ("0 0 * * MON#5", None),
        ("0 25 * * *", "not a cron expression of five fields: Bad hour"),
        ("0 0 3 * * *", "not a cron expression of five fields: seconds are not known here"),
        ("0 3 * *", "not a cron expression of five fields: Wrong number of fields"),
        ("", "not a cron expression of five fields: Wrong number of fields"),
        ("@daily", "not a cron expression of five fields: Wrong number of fields"),
        ("0 0 30 2 *", "not a cron expression of five fields: Bad day-of-month"),
        ("0 0 31 4,6 *", "not a cron expression of five fields: Bad day-of-month"),
        ("0 0 1-7 2 */8", None),
        ("0 0 8 * MON#1", None),
    ],
)
def test_what_is_wrong_with_an_expression_is_told(expression, wrong):
    assert wrong_expression(expression) == wrong


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Europe/Berlin", None),
        ("UTC", None),
        ("europe/berlin", "not a time zone; did you mean 'Europe/Berlin'?"),
        ("Europe/Berln", "not a time zone; did you mean 'Europe/Berlin'?"),
        ("+02:00", "not a time zone; write one such as Europe/Berlin"),
        ("", "not a time zone; write one such as Europe/Berlin"),
        ("../../etc/passwd", "not a time zone; write one such as Europe/Berlin"),
        ("a\x00b", "not a time zone; write one such as Europe/Berlin"),
        ("Europe", "not a time zone; did you mean 'Europe/Rome'?"),
    ],
)
def test_what_is_wrong_with_a_time_zone_is_told(name, wrong):
    assert wrong_timezone(name) == wrong
