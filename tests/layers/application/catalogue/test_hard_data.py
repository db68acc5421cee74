"""Data that is awkward: huge numbers, a class of one row, more rows than are kept, words without end."""

from pathlib import Path

import numpy as np
import pytest

from minerva import InvalidConfiguration, TrainingContext, TrainingData
from minerva.layers.application.catalogue.bayes import BayesClassifier
from minerva.layers.application.catalogue.forest import ForestClassifier, ForestRegressor
from minerva.layers.application.catalogue.linear import LinearRegressor
from minerva.layers.application.catalogue.neighbours import NeighboursClassifier
from minerva.layers.application.catalogue.network import NetworkClassifier
from minerva.layers.application.catalogue.supervised import few_threads
from minerva.layers.application.catalogue.svm import SvmClassifier
from minerva.layers.application.catalogue.text import tokens
from minerva.schema import Decoder, Schema

OUTPUTS = {
    "number": {"type": "number"},
    "category": {"type": "category", "values": ["common", "usual", "rare"]},
}


def learnt(algorithm, values, truth, output, field=None, **parameters):
    """Return a model of one field, and the rows that it learnt from."""
    inputs = {"x": field or {"type": "number"}}
    schema = Schema.parse({"inputs": inputs, "output": {"y": OUTPUTS[output]}})
    rows = Decoder(schema).records([{"x": value} for value in values])
    context = TrainingContext(schema, algorithm.Parameters(**parameters), Path())
    return algorithm.train(TrainingData(rows, {"y": np.asarray(truth)}), context), rows


@pytest.mark.parametrize("base", [1.0, 2e9, 1e30], ids=str)
def test_a_forest_tells_large_numbers_apart(base):
    values = [base * (1 + n / 100) for n in range(100)]

    model, rows = learnt(ForestRegressor(), values, np.arange(100.0), "number", trees=20)

    assert np.abs(model.predict(rows)["y"] - np.arange(100)).max() < 20


def test_a_forest_tells_moments_apart():
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}T00:00:00Z" for n in range(112)]
    truth = (np.arange(112) >= 56).astype(int)

    model, rows = learnt(
        ForestClassifier(), days, truth, "category", {"type": "timestamp"}, trees=20
    )

    assert (model.predict(rows)["y"].argmax(axis=1) == truth).mean() > 0.95


def test_numbers_at_the_end_of_what_there_is_are_learnt_from():
    values = [-1.7e308, 1.7e308] * 20

    model, rows = learnt(LinearRegressor(), values, [0.0, 1.0] * 20, "number")

    assert np.isfinite(model.predict(rows)["y"]).all()


@pytest.mark.parametrize(
    "algorithm", [NetworkClassifier(), SvmClassifier(), NeighboursClassifier()]
)
def test_a_class_of_one_row_does_not_end_the_training(algorithm):
    values = np.random.default_rng(0).normal(size=300).tolist()
    truth = [int(value > 0) for value in values[:-1]] + [2]

    model, rows = learnt(algorithm, values, truth, "category")

    assert model.predict(rows)["y"].sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("algorithm", [SvmClassifier(), NeighboursClassifier()])
def test_a_rare_class_is_kept_where_not_all_rows_are(algorithm):
    values = [*range(400), 5000.0]
    truth = [n // 200 for n in range(400)] + [2]

    model, rows = learnt(algorithm, values, truth, "category", max_rows=20)

    assert set(model.learnt["classes"]) == {0, 1, 2}
    assert model.predict(rows)["y"].shape == (401, 3)
    assert model.predict(rows)["y"][-1, 2] > 0


@pytest.mark.parametrize(
    ("algorithm", "output", "instead"),
    [
        (LinearRegressor(), "category", "use linear.classifier"),
        (SvmClassifier(), "number", "use svm.regressor"),
        (BayesClassifier(), "number", "use another one"),
    ],
)
def test_an_output_of_the_other_kind_is_answered_with_what_gives_it(algorithm, output, instead):
    with pytest.raises(InvalidConfiguration, match=instead) as caught:
        learnt(algorithm, [1.0, 2.0], [0, 1], output)

    assert [fault.where for fault in caught.value.faults] == ["/schema/output/y"]


def test_what_is_too_long_to_be_a_word_is_none():
    assert [*tokens("a short " + "x" * 41 + " end", pairs=False)] == ["short", "end"]


def test_little_work_is_done_by_one_thread_and_much_by_those_that_are_allowed():
    from threadpoolctl import threadpool_info

    def used(rows, threads):
        context = TrainingContext(None, None, Path(), threads=threads)
        with few_threads(rows, context):
            return {one["num_threads"] for one in threadpool_info()}

    before = [one["num_threads"] for one in threadpool_info()]
    assert used(np.zeros((100, 3)), 2) == {1}
    assert max(used(np.zeros((2000, 1000)), 2)) == min(2, max(before))
    assert [one["num_threads"] for one in threadpool_info()][: len(before)] == before
