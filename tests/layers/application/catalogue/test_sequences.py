"""A recurrent network tells a class or a number from the last rows of a key."""

import sys
from pathlib import Path

import numpy as np
import pytest

from minerva import InvalidConfiguration, InvalidData, TrainingContext, TrainingData
from minerva.layers.application.catalogue.sequences import (
    RecurrentClassifier,
    RecurrentRegressor,
    SequenceParameters,
    put_aside,
)
from minerva.schema import Decoder, Schema

CHANCE = np.random.default_rng(0)
VALUES = CHANCE.normal(size=(600, 4))
RISEN = VALUES[:, 3] > VALUES[:, 0]
"""The latest value is above the oldest: neither alone tells it."""


def schema_of(output):
    inputs = {"at": {"type": "number", "nullable": True}, "x": {"type": "number", "window": 4}}
    return Schema.parse({"key": "id", "inputs": inputs, "output": {"y": output}})


def batch_of(schema, rows=slice(0, 600), times=None):
    times = list(map(float, range(600))) if times is None else list(times)
    places = range(600)[rows]
    records = [
        {"id": f"k{row % 30}", "at": times[row], **dict(zip(("x_4", "x_3", "x_2", "x_1"), VALUES[row].tolist(), strict=True))}
        for row in places
    ]  # fmt: skip
    return Decoder(schema).records(records)


def context_of(schema, **parameters):
    return TrainingContext(schema, SequenceParameters(**parameters), Path(), seed=1)


def test_a_class_is_told_from_more_than_one_step():
    schema = schema_of({"type": "boolean"})
    data = TrainingData(batch_of(schema, slice(0, 450)), {"y": RISEN[:450].astype(float)})

    model = RecurrentClassifier().train(data, context_of(schema, rate=0.01, passes=80))

    said = model.predict(batch_of(schema, slice(450, 600)))["y"]
    assert ((said > 0.5) == RISEN[450:]).mean() > 0.9


def test_a_number_is_told_in_its_own_unit():
    schema = schema_of({"type": "number"})
    truth = 1000 + 100 * (VALUES[:, 3] - VALUES[:, 0])
    data = TrainingData(batch_of(schema, slice(0, 450)), {"y": truth[:450]})

    model = RecurrentRegressor().train(data, context_of(schema, rate=0.01, passes=80))

    error = np.abs(model.predict(batch_of(schema, slice(450, 600)))["y"] - truth[450:])
    assert error.mean() < 40  # the mean alone is wrong by about 110


def test_the_latest_rows_tell_when_to_end():
    schema = schema_of({"type": "number"})
    times = CHANCE.permutation(600).astype(float)

    aside = put_aside(batch_of(schema, times=times.tolist()), context_of(schema, time="at"))

    assert aside.sum() == 90
    assert times[aside].min() > times[~aside].max()


def test_without_a_time_whole_keys_tell_when_to_end():
    schema = schema_of({"type": "number"})

    aside = put_aside(batch_of(schema), context_of(schema))

    keys = np.arange(600) % 30
    assert 0 < aside.sum() < 150
    assert not set(keys[aside]) & set(keys[~aside])


def test_few_rows_are_all_learnt_from():
    schema = schema_of({"type": "number"})

    assert not put_aside(batch_of(schema, slice(0, 100)), context_of(schema, time="at")).any()


def test_a_row_that_does_not_tell_its_time_is_named():
    schema = schema_of({"type": "number"})
    times = [None if row == 7 else float(row) for row in range(600)]

    with pytest.raises(InvalidData) as caught:
        put_aside(batch_of(schema, times=times), context_of(schema, time="at"))

    assert str(caught.value.faults[0]).startswith('column "at", row 8')


def test_without_pytorch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    schema = schema_of({"type": "number"})
    data = TrainingData(batch_of(schema), {"y": VALUES[:, 0]})

    with pytest.raises(InvalidConfiguration, match=r'pip install "minerva-sidecar\[torch\]"'):
        RecurrentRegressor().train(data, context_of(schema))


def test_the_other_kind_of_output_is_told_where_to_go():
    schema = schema_of({"type": "number"})

    with pytest.raises(InvalidConfiguration, match=r"recurrent\.regressor"):
        RecurrentClassifier().check(context_of(schema))


def test_a_time_that_is_no_input_is_named():
    schema = schema_of({"type": "number"})

    with pytest.raises(InvalidConfiguration) as caught:
        RecurrentRegressor().check(context_of(schema, time="when"))

    assert caught.value.faults[0].where == "/parameters/time"
