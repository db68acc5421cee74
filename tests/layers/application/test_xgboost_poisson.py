"""`xgboost.regressor` with `objective: poisson`: rates of counts, never below 0."""

import numpy as np
import pytest

from minerva import InvalidData, Schema, TrainingData
from minerva.layers.application.xgboost_trees import XGBoostRegressor
from minerva.schema import Decoder

from .xgboost_cases import QUICK

COUNTED = {"inputs": {"size": {"type": "number"}}, "output": {"target": {"type": "number"}}}
POISSON = {**QUICK, "objective": "poisson"}


def counted(rows=2000, seed=0):
    """Rare counts whose rate is e to the size."""
    chance = np.random.default_rng(seed)
    sizes = chance.uniform(-4, 1, rows)
    batch = Decoder(Schema.parse(COUNTED)).records([{"size": size} for size in sizes.tolist()])
    return TrainingData(batch, {"target": chance.poisson(np.exp(sizes)).astype(float)})


def test_answers_are_the_rate_and_never_below_0(bench):
    model = bench(XGBoostRegressor(), COUNTED, **POISSON).train(counted())
    unseen = counted(seed=1).inputs

    answer = model.predict(unseen)["target"]

    assert answer.min() > 0
    assert np.corrcoef(np.log(answer), unseen["size"])[0, 1] > 0.9
    assert answer.sum() == pytest.approx(np.exp(unseen["size"]).sum(), rel=0.15)


def test_a_saved_model_and_its_twin_answer_the_same(bench, tmp_path):
    trees = bench(XGBoostRegressor(), COUNTED, **POISSON)
    model, unseen = trees.train(counted()), counted(seed=1).inputs
    for name in ("model", "twin"):
        (tmp_path / name).mkdir()
    model.save(tmp_path / "model")
    XGBoostRegressor().twin(model, tmp_path / "twin")

    again = XGBoostRegressor().load(tmp_path / "model", trees.context())
    twin = XGBoostRegressor().load_twin(tmp_path / "twin", trees.context())

    answer = model.predict(unseen)["target"]
    assert np.array_equal(again.predict(unseen)["target"], answer)
    assert twin.predict(unseen)["target"] == pytest.approx(answer, rel=1e-5)


def test_explanations_are_in_events_not_in_their_logarithm(bench):
    model = bench(XGBoostRegressor(), COUNTED, **POISSON).train(counted())
    unseen = counted(seed=1).inputs

    rest = model.predict(unseen)["target"] - model.explain(unseen).sum(axis=1)

    assert rest == pytest.approx(np.full(len(unseen), rest[0]), abs=1e-4)


def test_refuses_counts_below_0(bench):
    spoilt = counted()
    spoilt.targets["target"][3] = -1

    with pytest.raises(InvalidData, match="1 rows have no usable 'target'") as caught:
        bench(XGBoostRegressor(), COUNTED, **POISSON).train(spoilt)

    assert "is below 0" in caught.value.faults[0].message
