"""A recurrent network goes on with a series as it has seen it."""

from pathlib import Path

import numpy as np

from minerva import TrainingContext, TrainingData
from minerva.layers.application.catalogue.recurrent import RecurrentForecaster
from minerva.schema import Decoder, Schema


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
