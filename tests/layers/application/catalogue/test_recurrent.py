"""A recurrent network's slopes are right, and it goes on with what it has seen."""

from pathlib import Path

import numpy as np
import pytest

from minerva import TrainingContext, TrainingData
from minerva.layers.application.catalogue import gated
from minerva.layers.application.catalogue.recurrent import RecurrentForecaster
from minerva.schema import Decoder, Schema

STEP = 1e-6


@pytest.mark.parametrize(
    "name", [f"{kind}{gate}" for kind in "uwb" for gate in "zrn"] + ["out", "start"]
)
def test_each_slope_is_that_of_the_loss(name):
    chance = np.random.default_rng(0)
    weights = gated.drawn(3, chance)
    weights["out"] = chance.normal(size=3)
    given, wanted = chance.normal(size=(4, 5)), chance.normal(size=(4, 5))
    wanted[1, 2] = np.nan

    _, slopes = gated.loss_and_slopes(weights, given, wanted)

    for place in np.ndindex(weights[name].shape):
        ends = []
        for sign in (1, -1):
            moved = {**weights, name: weights[name].copy()}
            moved[name][place] += sign * STEP
            ends.append(gated.loss_and_slopes(moved, given, wanted)[0])
        assert slopes[name][place] == pytest.approx((ends[0] - ends[1]) / (2 * STEP), abs=1e-6)


def test_what_is_not_known_is_as_it_last_was():
    rows = np.array([[np.nan, 1.0, np.nan, 3.0], [np.nan] * 4])

    assert gated.filled(rows).tolist() == [[0, 1, 1, 3], [0, 0, 0, 0]]


def test_many_windows_are_chosen_from_and_short_series_have_one():
    chance = np.random.default_rng(0)

    given, wanted = gated.windows([np.arange(30_000.0), np.arange(3.0)], 8, chance)

    assert given.shape == wanted.shape == (gated.MOST_WINDOWS, 8)
    alone, next_ = gated.windows([np.arange(1.0, 4.0)], 8, chance)
    assert alone[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 2]
    assert next_[0, -2:].tolist() == [2, 3]


def test_a_network_that_learnt_nothing_says_what_was_last():
    weights = gated.learnt([], units=4, window=5, passes=3, rate=0.01, seed=0)

    assert gated.told(weights, np.array([1.0, 2.0]), 5, 3, most=9.0).tolist() == [2, 2, 2]


def test_what_is_to_come_keeps_its_bounds():
    weights = {**gated.drawn(4, np.random.default_rng(0)), "start": np.array([5.0])}

    assert gated.told(weights, np.array([1.0, 2.0]), 5, 4, most=9.0).tolist() == [7, 9, 9, 9]


def test_a_wave_goes_on_that_no_season_was_declared_for():
    schema = Schema.parse(
        {"inputs": {"at": {"type": "number"}}, "output": {"y": {"type": "number"}}}
    )
    parameters = RecurrentForecaster.Parameters(time="at", trend=False, horizon=24)
    context = TrainingContext(schema, parameters, Path(), seed=1)

    def rows(first, last):
        return Decoder(schema).records([{"at": at} for at in range(first, last)])

    truth = 50 + 10 * np.sin(2 * np.pi * np.arange(320) / 12)
    model = RecurrentForecaster().train(TrainingData(rows(0, 300), {"y": truth[:300]}), context)

    assert np.abs(model.predict(rows(300, 320))["y"] - truth[300:]).mean() < 2
