"""`density`, `lags` and `season` say what their definitions say, of the past and of nothing else."""

import numpy as np
import pytest

from minerva.layers.application.places import EARTH_KM, on_earth
from minerva.layers.application.steps.density import Density, DensityParameters
from minerva.layers.application.steps.lags import Lags, LagsParameters
from minerva.layers.application.steps.season import Season, SeasonParameters, means_before

from .places_cases import BEGAN, DAY, GRID, drawn, event

HILLS = DensityParameters(width_km=0.8, half_life_days=5)
WINDOWS = LagsParameters(windows=(1, 7))
WEEKS = SeasonParameters(period=7, recent=7, before=14)
CELLS = np.arange(12)
MOVED = np.array([0, 0.01, -0.01])


def features(places, events, slots):
    """What the three steps make of every cell in some intervals."""
    cell, slot = np.tile(CELLS, len(slots)), np.repeat(slots, 12)
    counted = {"counts": places.array(GRID.counted(events), len(cell)), "cell": cell, "slot": slot}
    longitude, latitude = GRID.centres(cell)
    made = places.run(
        Density(),
        HILLS,
        events=places.array(events, len(cell)),
        longitude=longitude,
        latitude=latitude,
        start=GRID.starts(slot),
    )
    return {
        **made,
        **places.run(Lags(), WINDOWS, **counted),
        **places.run(Season(), WEEKS, **counted),
    }


def test_what_comes_later_changes_nothing(places):
    """All that is after the start is moved, tripled and thrown away."""
    events, slots = drawn(), np.array([10, 25, 40])
    now = GRID.starts(slots)

    for at, slot in zip(now, slots, strict=True):
        past, future = events[events[:, 0] < at], events[events[:, 0] >= at]
        elsewhere = np.vstack([past, np.repeat(future, 3, axis=0) + MOVED])
        known = features(places, events, [slot])
        for other in (elsewhere, past):
            told = features(places, other, [slot])
            for name, column in known.items():
                assert np.array_equal(told[name], column), name


def test_what_was_just_before_does_change_them(places):
    events = drawn()
    before = np.searchsorted(events[:, 0], GRID.starts(np.array([25]))[0])
    without = np.delete(events, np.s_[before - 60 : before], axis=0)

    known, told = (features(places, some, [25]) for some in (events, without))

    for name in ("density", "own_7", "around_7", "usual", "mean", "trend"):
        assert not np.array_equal(told[name], known[name]), name


def test_rows_of_several_times_are_answered_as_alone(places):
    events = drawn()

    together = features(places, events, [40, 10, 25])
    alone = [features(places, events, [slot]) for slot in (40, 10, 25)]

    for name, column in together.items():
        assert column == pytest.approx(np.concatenate([one[name] for one in alone]), rel=1e-9)


def test_density_is_the_sum_of_fading_hills_over_the_days_they_last(places):
    events = np.array([event(1.0, 1, 1), event(9.5, 2, 1), event(20.0, 1, 1)])
    start, ((longitude,), (latitude,)) = BEGAN + 12 * DAY, GRID.centres(np.array([5]))

    made = places.run(
        Density(),
        HILLS,
        events=places.array(events, 1),
        longitude=[longitude],
        latitude=[latitude],
        start=[start],
    )

    far = np.linalg.norm(on_earth(*events[:2, 1:].T) - on_earth(longitude, latitude), axis=1)
    hills = np.exp(-(far**2) / (2 * 0.8**2)) * 2 ** (-np.array([11.0, 2.5]) / 5)
    days = 5 / np.log(2) * (1 - 2 ** (-11.0 / 5))
    assert made["density"][0] == pytest.approx(hills.sum() / (2 * np.pi * 0.8**2 * days))


def test_density_of_an_even_spread_is_its_rate(places):
    chance = np.random.default_rng(3)
    many, side = 20_000, np.degrees(10 / EARTH_KM)
    events = np.column_stack(
        [BEGAN + np.sort(chance.uniform(0, 100, many)) * DAY, *chance.uniform(0, side, (2, many))]
    )

    made = places.run(
        Density(),
        HILLS,
        events=places.array(events, 1),
        longitude=[side / 2],
        latitude=[side / 2],
        start=[BEGAN + 100 * DAY],
    )

    assert made["density"][0] == pytest.approx(many / 100 / 10**2, rel=0.15)


def test_before_the_first_event_there_is_no_density(places):
    started = {"longitude": [10.0] * 2, "latitude": [50.0] * 2, "start": [BEGAN, BEGAN - 9e9]}

    none = places.run(Density(), HILLS, events=places.array(np.empty((0, 3)), 2), **started)
    later = places.run(Density(), HILLS, events=places.array([event(3, 0, 0)], 2), **started)

    assert none["density"].tolist() == later["density"].tolist() == [0, 0]


def test_lags_are_means_of_the_cell_and_of_those_around_it(places):
    events = np.array(
        [event(0.5, 1, 1), event(5.5, 0, 0), event(6.5, 1, 1), event(6.6, 1, 1), event(6.7, 3, 2)]
    )

    made = features(places, events, [7])

    assert made["own_1"][5] == 2
    assert made["own_7"][5] == pytest.approx(3 / 7)
    assert made["around_1"][5] == 0  # the third column is two cells away
    assert made["around_7"][5] == pytest.approx(1 / 7)


def test_short_histories_are_means_of_what_there_is(places):
    made = features(places, np.array([event(0.5, 1, 1), event(1.5, 1, 1)]), [2])

    assert made["own_7"][5] == 1.0


def test_means_before_are_those_of_the_same_time_of_the_period():
    chance = np.random.default_rng(1)
    counts = chance.poisson(2, (23, 4))

    told = means_before(counts, 7)

    for slot in range(24):
        alike = counts[slot % 7 : slot : 7]
        wanted = alike.mean(axis=0) if len(alike) else np.zeros(4)
        assert told[slot] == pytest.approx(wanted)


def test_season_and_trend_are_1_where_nothing_is_known_yet(places):
    made = features(places, np.array([event(30, 1, 1)]), [1])

    assert set(made["season"]) == set(made["trend"]) == {1.0}


def test_a_week_of_twice_as_much_is_a_trend_of_2(places):
    daily = [event(day + 0.5, 1, 1) for day in range(21)]
    again = [event(day + 0.6, 1, 1) for day in range(14, 21)]
    events = np.array(sorted([*daily, *again]))

    assert features(places, events, [21])["trend"][0] == pytest.approx(2.0)
