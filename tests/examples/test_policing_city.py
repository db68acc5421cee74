"""The made city: its hot spots, seasons and near repeats are there, and records are biased only if wanted."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def city():
    """The simulator; its package lies beside the other examples."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(EXAMPLES)
        from policing import city

        yield city


@pytest.fixture(scope="module")
def events(city):
    return city.happened()


def near(events, x, y, km=0.6):
    """Which events lie around a place."""
    return np.hypot(events.x - x, events.y - y) < km


def test_two_years_of_events_are_in_order_and_inside_the_city(city, events):
    assert 30_000 < len(events) < 40_000
    assert (np.diff(events.days) >= 0).all()
    assert events.days[0] >= 0
    assert events.days[-1] < city.DAYS
    assert (city.GRID.cells(events.table().lon, events.table().lat) >= 0).all()


def test_the_same_seed_makes_the_same_city_and_another_one_another(city, events):
    assert np.array_equal(city.happened().x, events.x)
    assert len(city.happened(seed=1)) != len(events)


@pytest.mark.parametrize("name", ["Station", "Market", "Quay", "Mill Lane", "Park Lane"])
def test_a_hot_spot_has_many_times_the_events_of_the_city(city, events, name):
    (spot,) = (spot for spot in city.SPOTS if spot.name == name)
    share_of_area = np.pi * 0.6**2 / city.SIDE_KM**2

    assert near(events, spot.x, spot.y).mean() > 2.5 * share_of_area


def test_spots_come_and_go(city, events):
    depot, quarter = (
        next(s for s in city.SPOTS if s.name == n) for n in ("Old Depot", "New Quarter")
    )
    early, late = events.days < 400, events.days >= 460

    assert (
        near(events, depot.x, depot.y)[early].sum() > 3 * near(events, depot.x, depot.y)[late].sum()
    )
    assert (
        near(events, quarter.x, quarter.y)[late].sum()
        > 3 * near(events, quarter.x, quarter.y)[early].sum()
    )


def test_nights_at_the_quay_are_weekend_nights(city, events):
    quay = next(spot for spot in city.SPOTS if spot.name == "Quay")
    days = events.days[near(events, quay.x, quay.y)]
    night, weekend = days % 1 < 1 / 3, np.floor(days) % 7 >= 5

    assert night.mean() > 0.5
    assert (night & weekend).sum() / 2 > 1.5 * (night & ~weekend).sum() / 5


def test_the_beach_has_a_summer_and_the_city_grows(city, events):
    beach = next(spot for spot in city.SPOTS if spot.name == "Beach")
    months = (events.days[near(events, beach.x, beach.y, 0.4)] % 365.25 // 30.4).astype(int)

    assert np.isin(months, [5, 6, 7]).sum() > 2 * np.isin(months, [11, 0, 1]).sum()
    assert (events.days >= 365).mean() > 0.505


def test_an_event_draws_others_after_it_nearby(city, events):
    """Away from all spots, pairs within 200 m are more often days apart than weeks."""
    away = np.all([~near(events, spot.x, spot.y, 1.0) for spot in city.SPOTS], axis=0)
    quiet = events.take(away & (events.days < city.DAYS - 40))
    places = np.column_stack([quiet.x, quiet.y])

    apart = [
        quiet.days[one + 1 :][np.hypot(*(places[one + 1 :] - places[one]).T) < 0.2]
        - quiet.days[one]
        for one in range(len(quiet))
    ]

    days = np.concatenate(apart)
    assert (days < 5).sum() > 1.15 * ((days > 30) & (days < 35)).sum()


def test_rates_are_what_happens_on_the_average(city, events):
    """Over cells and hours; events that would lie outside the city are counted by neither."""
    rates = city.rates()
    counts = city.GRID.counted(
        np.column_stack([city.began() + events.days * 86_400, events.table()[["lon", "lat"]]])
    ).reshape(-1, 256)

    assert rates.shape == (city.DAYS * city.SHIFTS, 256)
    assert rates.sum() == pytest.approx(counts.sum(), rel=0.03)
    assert np.corrcoef(rates.sum(axis=0), counts.sum(axis=0))[0, 1] > 0.99
    for shift in range(3):
        assert rates[shift::3].sum() == pytest.approx(counts[shift::3].sum(), rel=0.05)


def test_milltown_and_parkside_have_the_same_to_record(city, events):
    of = events.districts()
    mill, park = ((of == name).sum() for name in ("Milltown", "Parkside"))

    assert mill == pytest.approx(park, rel=0.05)


def test_records_are_a_share_of_what_happens_everywhere_alike(city, events):
    of, known = events.districts(), city.recorded(events).districts()

    for name in city.DISTRICTS:
        assert (known == name).sum() / (of == name).sum() == pytest.approx(0.7, abs=0.02)


def test_a_bias_is_in_the_records_and_not_in_what_happens(city, events):
    of, known = events.districts(), city.recorded(events, city.BIASED).districts()

    seen = {name: (known == name).sum() / (of == name).sum() for name in city.DISTRICTS}

    assert seen["Milltown"] == pytest.approx(0.95, abs=0.02)
    assert seen["Parkside"] == pytest.approx(0.4, abs=0.02)
    assert seen["Harbour"] == pytest.approx(0.7, abs=0.02)


def test_a_bias_may_begin_later(city, events):
    known = city.recorded(events, city.BIASED, since=365)
    park = known.districts() == "Parkside"

    assert (known.days[park] < 365).sum() > 1.5 * (known.days[park] >= 365).sum()


def test_the_flow_s_grid_is_the_city_s(city):
    from policing.study import CITY

    assert CITY.grid == city.GRID


@pytest.mark.parametrize(
    ("module", "arguments", "files"),
    [
        ("city", ["--biased"], ["events.csv"]),
        ("earthquakes", [], ["earthquakes.csv"]),
        (
            "training",
            [],
            ["earthquakes-training.csv", "earthquakes.csv", "events.csv", "training.csv"],
        ),
    ],
)
def test_the_programs_write_what_the_flows_read(tmp_path, module, arguments, files):
    command = [sys.executable, "-m", f"policing.{module}", *arguments, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES)}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert str(tmp_path) in done.stdout
    for name in files:
        head = (tmp_path / name).read_text().partition("\n")[0]
        assert head == ("cell_x,cell_y,start,events" if "training" in name else "type,time,lon,lat")
