"""A linear model says why: how far each field moves the answer from that of the mean row."""

from pathlib import Path

import numpy as np
import pytest

from minerva import TrainingContext, TrainingData
from minerva.layers.application.catalogue.linear import LinearClassifier, LinearRegressor
from minerva.schema import Decoder, Schema

INPUTS = {
    "size": {"type": "number", "nullable": True},
    "kind": {"type": "category", "values": ["flat", "house", "barn"]},
    "age": {"type": "integer"},
}
OUTPUTS = {
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "category": {"type": "category", "values": ["low", "middle", "high"]},
}


def learnt(algorithm, output, rows=300):
    """Return a model of prices that depend on size and kind alone, and what it learnt from."""
    schema = Schema.parse({"inputs": INPUTS, "output": {"y": OUTPUTS[output]}})
    chance = np.random.default_rng(0)
    size, kind = chance.normal(100, 20, rows).round(1), chance.integers(0, 3, rows)
    cells = zip(size.tolist(), kind.tolist(), chance.integers(0, 90, rows).tolist(), strict=True)
    records = [
        {"size": None if at % 50 == 0 else s, "kind": INPUTS["kind"]["values"][k], "age": a}
        for at, (s, k, a) in enumerate(cells)
    ]
    price = 3 * size + 40 * kind
    truth = {"number": price, "boolean": price > 340.0, "category": np.digitize(price, [310, 370])}
    data = TrainingData(Decoder(schema).records(records), {"y": truth[output]})
    context = TrainingContext(schema, algorithm.Parameters(), Path())
    return algorithm.train(data, context), data


def test_the_reasons_add_up_to_the_way_from_the_mean_answer():
    model, data = learnt(LinearRegressor(), "number")
    answers, why = model.predict(data.inputs)["y"], model.explain(data.inputs)

    assert why.shape == (300, 3)
    assert why.sum(axis=1) == pytest.approx(answers - answers.mean(), abs=1e-9)
    assert np.abs(why[:, 2]).max() < 1 < np.abs(why[:, 0]).mean()


def test_those_of_a_truth_add_up_to_its_chance_less_that_of_the_mean_row():
    model, data = learnt(LinearClassifier(), "boolean")
    chance, why = model.predict(data.inputs)["y"], model.explain(data.inputs)

    usual = chance - why.sum(axis=1)
    assert 0 < usual[0] < 1
    assert usual == pytest.approx(np.full(300, usual[0]))


def test_those_of_many_classes_are_about_the_likeliest_one():
    model, data = learnt(LinearClassifier(), "category")
    chances, why = model.predict(data.inputs)["y"], model.explain(data.inputs)

    usual = chances.max(axis=1) - why.sum(axis=1)
    for one in np.unique(chances.argmax(axis=1)):
        rows = chances.argmax(axis=1) == one
        assert usual[rows] == pytest.approx(np.full(rows.sum(), usual[rows][0]))


def test_nothing_has_no_reasons():
    model, data = learnt(LinearRegressor(), "number")

    assert model.explain(data.inputs.take(np.array([], np.int64))).shape == (0, 3)
