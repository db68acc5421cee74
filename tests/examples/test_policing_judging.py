"""Hit rate and PAI are what their definitions say; fairness is counted by district."""

from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def package(monkeypatch):
    """The example's package lies beside the other examples."""
    monkeypatch.syspath_prepend(EXAMPLES)


def test_what_is_flagged_is_the_highest_share_of_each_interval():
    from policing.judging import flags

    forecast = np.array([[0.1, 0.4, 0.3, 0.2], [0.9, 0.0, 0.1, 0.2]])

    assert flags(forecast, 0.5).tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]


def test_a_part_of_a_cell_and_cells_alike_are_flagged_in_part():
    from policing.judging import flags

    forecast = np.array([[0.4, 0.4, 0.3, 0.2], [0.1, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1]])

    told = flags(forecast, 0.3)

    assert told == pytest.approx(np.array([[0.6, 0.6, 0, 0], [0.3, 0.3, 0.3, 0.3], [1, 0.2, 0, 0]]))
    assert told.sum(axis=1) == pytest.approx(0.3 * 4)


def test_hit_rate_is_the_share_of_events_met_and_pai_that_by_the_area():
    from policing.judging import scores

    counts = np.zeros((2, 20))
    counts[0, :2] = 3, 1
    counts[1, 5] = 4
    forecast = np.arange(20, 0, -1) * np.ones((2, 1))

    told = scores(forecast, counts)

    assert [one.hit_rate for one in told] == pytest.approx([3 / 8, 4 / 8, 4 / 8])
    assert [one.pai for one in told] == pytest.approx([7.5, 5, 2.5])


def test_a_forecast_that_knows_nothing_has_a_pai_of_1():
    from policing.judging import scores

    counts = np.random.default_rng(0).poisson(1, (50, 40))

    assert [one.pai for one in scores(np.zeros((50, 40)), counts)] == pytest.approx([1, 1, 1])


def test_what_is_better_has_a_gain_above_0():
    from policing.judging import gain

    chance = np.random.default_rng(1)
    rates = chance.gamma(0.5, 1, 40) * np.ones((200, 1))

    told = gain(rates, chance.random((200, 40)), chance.poisson(rates), 0.1)

    assert 0 < told.low < told.mean < told.high


def test_nine_of_ten_intervals_of_what_gains_nothing_hold_nothing():
    from policing.judging import gain

    chance = np.random.default_rng(2)
    counts = chance.poisson(chance.gamma(0.5, 1, 40), (200, 40))

    told = [gain(*chance.random((2, 200, 40)), counts, 0.1) for _ in range(60)]

    assert 48 <= sum(one.low <= 0 <= one.high for one in told) < 60


def test_baselines_know_what_was_before_and_nothing_later():
    from policing.judging import baselines

    counts = np.random.default_rng(2).poisson(1.0, (60, 5)).astype(float)
    slots = np.array([30, 40])
    later = counts.copy()
    later[40:] = 99

    known, told = (baselines(some, slots, period=21, day=3) for some in (counts, later))

    assert len(known) == 4
    for name, forecast in known.items():
        assert np.array_equal(forecast, told[name]), name
    assert known["mean of the cell"][0] == pytest.approx(counts[:30].mean(axis=0))


def test_where_a_day_is_one_interval_there_is_no_mean_of_the_hour():
    from policing.judging import baselines

    told = baselines(np.ones((9, 2)), np.array([8]), period=7, day=1)

    assert "mean of the cell and hour of the day" not in told


def test_districts_tell_their_flagged_area_and_calibration():
    from policing import city, fairness

    of = fairness.cell_districts()
    happened = np.where(of == "Milltown", 0.2, 0.1) * np.ones((3, 1))
    recorded, forecast = happened / 2, np.where(of == "Harbour", 0.3, 0.1) * np.ones((3, 1))

    told = {one.name: one for one in fairness.districts(forecast, recorded, happened, of, 0.25)}

    assert [told[name].flagged for name in city.DISTRICTS] == pytest.approx([0, 0, 0, 1])
    assert told["Milltown"].calibration == pytest.approx(0.5)
    assert told["Harbour"].calibration == pytest.approx(3)
    assert {round(one.seen, 9) for one in told.values()} == {0.5}


def test_patrols_that_follow_records_go_on_with_a_bias_that_has_ended():
    """Two districts in which the same happens: the one that was watched is watched on, for a year."""
    from policing import fairness

    rounds = fairness.feedback(range(8), 0.1)

    assert all(sum(one.patrolled.values()) == pytest.approx(1) for one in rounds)
    assert rounds[0].patrolled["Milltown"] > 3 * rounds[0].patrolled["Parkside"]
    assert rounds[-1].day - rounds[0].day > 300
    assert rounds[-1].patrolled["Milltown"] > 1.25 * rounds[-1].patrolled["Parkside"]
