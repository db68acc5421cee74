"""Forecasts go on with what was: trend, seasons and the last errors; and know how wrong they may be."""

from pathlib import Path

import numpy as np
import pytest

from minerva import InvalidConfiguration, InvalidData, TrainingContext, TrainingData
from minerva.layers.application.catalogue import seasonal
from minerva.layers.application.catalogue.forecaster import Forecaster
from minerva.schema import Decoder, Schema

NUMBER = {"type": "number"}
THREE = {"sold": NUMBER, "low": NUMBER, "high": NUMBER}


def schema_of(output=None, at=None, **inputs):
    return Schema.parse(
        {"inputs": {"at": at or NUMBER, **inputs}, "output": output or {"sold": NUMBER}}
    )


def rows_of(schema, times, **others):
    columns = {"at": times, **others}
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return Decoder(schema).records(records)


def learnt(schema, times, values, others=None, **parameters):
    context = TrainingContext(
        schema, Forecaster.Parameters(time="at", **parameters), Path(), seed=3
    )
    data = TrainingData(
        rows_of(schema, times, **(others or {})), {"sold": np.asarray(values, float)}
    )
    return Forecaster().train(data, context)


def hours(count, start=0):
    return [
        f"2026-{1 + h // 672:02}-{1 + h % 672 // 24:02}T{h % 24:02}:00:00Z"
        for h in range(start, start + count)
    ]


def test_trend_and_season_go_on():
    def truth(t):
        return 20 + 0.1 * t + 5 * np.sin(2 * np.pi * t / 12)

    t = np.arange(120.0)
    model = learnt(schema_of(), t.tolist(), truth(t), seasons=(12.0,), penalty=1e-6)

    later = np.arange(120.0, 150.0)
    said = model.predict(rows_of(schema_of(), later.tolist()))["sold"]
    assert said == pytest.approx(truth(later), abs=0.05)


def test_the_days_of_moments_are_measured():
    schema = schema_of(at={"type": "timestamp"})
    t = np.arange(240)
    model = learnt(schema, hours(240), 50 + 9 * np.cos(2 * np.pi * t / 24), penalty=1e-6)

    said = model.predict(rows_of(schema, hours(24, 240)))["sold"]

    assert said == pytest.approx(50 + 9 * np.cos(2 * np.pi * np.arange(240, 264) / 24), abs=0.1)
    assert model.learnt["seasons"].tolist() == [86_400.0, 604_800.0][: len(model.learnt["seasons"])]


def test_what_was_last_counts_for_the_next_steps_and_then_less():
    chance, values = np.random.default_rng(0), [0.0]
    for _ in range(400):
        values.append(0.9 * values[-1] + chance.normal())
    values[-1] = 8.0
    schema = schema_of()
    model = learnt(schema, list(range(401)), values, trend=False)

    said = model.predict(rows_of(schema, [401, 405, 440, 900]))["sold"]

    assert said[0] == pytest.approx(7.2, abs=0.8)
    assert said[0] > said[1] > said[2]
    assert said[3] == pytest.approx(np.mean(values), abs=0.6)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_so_much_of_the_truth_lies_in_the_interval(level):
    schema, chance = schema_of(THREE), np.random.default_rng(1)
    model = learnt(
        schema, list(range(2000)), chance.normal(100, 5, 2000), level=level, lags=0, trend=False
    )

    said = model.predict(rows_of(schema, list(range(2000, 2400))))
    truth = chance.normal(100, 5, 400)

    inside = ((said["low"] <= truth) & (truth <= said["high"])).mean()
    assert inside == pytest.approx(level, abs=0.08)
    assert (said["low"] < said["sold"]).all()


def test_an_interval_never_narrows_ahead():
    schema, chance = schema_of(THREE), np.random.default_rng(2)
    model = learnt(schema, list(range(300)), np.cumsum(chance.normal(size=300)), trend=False)

    said = model.predict(rows_of(schema, list(range(300, 420))))

    assert (np.diff(said["high"] - said["low"]) >= -1e-9).all()


def test_what_grows_by_shares_is_never_below_nothing():
    schema = schema_of(THREE)
    t = np.arange(100.0)
    model = learnt(schema, t.tolist(), np.exp(t / 20), scale="log", penalty=1e-6)

    said = model.predict(rows_of(schema, [110, 120]))

    assert said["sold"] == pytest.approx(np.exp([5.5, 6.0]), rel=0.02)
    assert (said["low"] > 0).all()


def test_series_are_told_apart_and_a_new_one_is_as_all_together():
    schema = schema_of(shop={"type": "text"})
    times = [t for t in range(60) for _ in "ab"]
    shops = ["a", "b"] * 60
    values = np.where(np.array(shops) == "a", 10.0, 90.0)
    model = learnt(schema, times, values, {"shop": shops}, series="shop", trend=False)

    said = model.predict(rows_of(schema, [61, 61, 61], shop=["a", "b", "new"]))["sold"]

    assert said == pytest.approx([10, 90, 50], abs=1)


def test_other_inputs_help():
    schema = schema_of(feast={"type": "boolean"})
    feasts = [t % 7 == 3 for t in range(100)]
    model = learnt(
        schema, list(range(100)), 5 + 10.0 * np.array(feasts), {"feast": feasts}, penalty=0.01
    )

    said = model.predict(rows_of(schema, [100, 101], feast=[True, False]))["sold"]

    assert said == pytest.approx([15, 5], abs=0.3)


@pytest.mark.parametrize(
    ("times", "values", "parameters", "said"),
    [
        (list(range(5)) * 6, [1.0] * 30, {}, "of 5 moments; at least 10"),
        (list(range(30)), [0.0] * 30, {"scale": "log"}, "must be above 0"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_refused(times, values, parameters, said):
    with pytest.raises(InvalidData, match=said):
        learnt(schema_of(), times, values, **parameters)


def test_a_row_without_a_time_is_named():
    schema = schema_of(at={**NUMBER, "nullable": True})

    with pytest.raises(InvalidData) as caught:
        learnt(schema, [1, None, *range(2, 30)], np.arange(30.0))
    assert caught.value.faults[0].where == 'column "at", row 2'


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        (schema_of({"a": NUMBER, "b": NUMBER}), "/schema/output"),
        (schema_of(at={"type": "text"}), "/parameters/time"),
        (Schema.parse({"inputs": {"x": NUMBER}, "output": {"sold": NUMBER}}), "/parameters/time"),
    ],
)
def test_other_fields_are_pointed_at(schema, where):
    context = TrainingContext(schema, Forecaster.Parameters(time="at"), Path())

    with pytest.raises(InvalidConfiguration) as caught:
        Forecaster().train(TrainingData(None, {}), context)
    assert caught.value.faults[0].where == where


def test_residuals_to_come_never_grow():
    grid = np.array([1.0, -1.0, np.nan, 2.0])

    assert np.abs(seasonal.path(grid, np.array([3.0, 3.0]), 50)).max() <= 2.0
    assert seasonal.path(grid, np.zeros(0), 3).tolist() == [0, 0, 0]


def test_too_few_errors_remember_nothing():
    assert seasonal.memory([np.arange(4.0)], 3).tolist() == [0, 0, 0]
