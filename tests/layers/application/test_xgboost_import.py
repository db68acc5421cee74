"""`xgboost.model` tells what a file holds, so that a service can be declared around it."""

import numpy as np
import pandas as pd
import pytest
import xgboost

from minerva import InvalidData
from minerva.layers.application.xgboost_model import XGBoostModel

from .foreign_models import COLOURS, SCORE, X, booster


def told(model, tmp_path, name="model.ubj"):
    model.save_model(tmp_path / name)
    return XGBoostModel().inspect(tmp_path / name, None)


def test_names_and_types_are_told(tmp_path):
    inspected = told(booster(types=["int", "i"]), tmp_path)

    assert inspected.inputs == {"size": {"type": "integer"}, "colour": {"type": "boolean"}}


def test_a_file_without_names_says_so(tmp_path):
    inspected = told(booster(names=(), types=["q", "q"]), tmp_path)

    assert list(inspected.inputs) == ["feature_0", "feature_1"]
    assert any("does not name its features" in note for note in inspected.notes)


def test_categories_of_a_data_frame_are_told(tmp_path):
    frame = pd.DataFrame({"size": X[:, 0], "colour": [COLOURS[int(code)] for code in X[:, 1]]})
    frame["colour"] = pd.Categorical(frame["colour"], categories=COLOURS)
    rows = xgboost.DMatrix(frame, label=SCORE, enable_categorical=True)
    inspected = told(xgboost.train({"nthread": 1}, rows, 2), tmp_path)

    assert inspected.inputs["colour"] == {"type": "category", "values": COLOURS}


def test_categories_without_values_are_to_be_named(tmp_path):
    inspected = told(booster(), tmp_path)

    assert inspected.inputs["colour"]["type"] == "category"
    assert any(note.startswith("colour: a category whose values") for note in inspected.notes)


@pytest.mark.parametrize(("objective", "output"), [
    ("binary:logistic", {"type": "boolean"}),
    ("multi:softprob", {"type": "category", "values": [0, 1, 2]}),
    ("reg:squarederror", {"type": "number"}),
])  # fmt: skip
def test_the_objective_tells_the_output(tmp_path, objective, output):
    assert told(booster(objective), tmp_path).output == output


def test_an_objective_without_an_output_is_refused(tmp_path):
    rows = xgboost.DMatrix(X, label=np.arange(300) % 2, group=[300])
    model = xgboost.train({"objective": "rank:pairwise", "nthread": 1}, rows, 1)

    with pytest.raises(InvalidData, match="'rank:pairwise'"):
        told(model, tmp_path)


def test_its_own_files_are_recognised(tmp_path):
    for name in ("a.ubj", "b.json"):
        booster().save_model(tmp_path / name)
    (tmp_path / "c.model").write_bytes(b"binf" + b"\0" * 50)
    (tmp_path / "d.json").write_text('{"other": 1}')
    (tmp_path / "e").mkdir()

    recognised = [p.name for p in sorted(tmp_path.iterdir()) if XGBoostModel().recognises(p)]

    assert recognised == ["a.ubj", "b.json", "c.model"]
