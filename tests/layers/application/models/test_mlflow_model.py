"""`mlflow.model`: the folder that MLflow saves, read without MLflow."""

import json

import joblib
import lightgbm
import numpy as np
import onnx
import pytest
import skops.io
import xgboost
import yaml
from sklearn.linear_model import LogisticRegression

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.mlflow_model import MLflow

from . import onnx_files
from .tables import FRAME, LABELS, NUMBER, NUMBERS, NUMERIC, SCORE, YES_NO, records

ROWS = records(FRAME[["size", "count"]])
TABLE = FRAME[["size", "count"]]
LINEAR = LogisticRegression().fit(TABLE, LABELS)
BOOSTED = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(TABLE, SCORE), 5)
TREES = xgboost.train({"nthread": 1}, xgboost.DMatrix(TABLE, label=SCORE), 5)
COLUMNS = [
    {"type": "double", "name": "size", "required": True},
    {"type": "long", "name": "count", "required": False},
]


def describe(folder, flavors, columns=COLUMNS, outputs=({"type": "double"},), requirements=""):
    folder.mkdir(exist_ok=True)
    told = {
        "artifact_path": "model",
        "flavors": {"python_function": {"env": "conda.yaml"}, **flavors},
        "signature": {"inputs": json.dumps(columns), "outputs": json.dumps(outputs)},
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(told))
    (folder / "requirements.txt").write_text(requirements)


def with_onnx(folder):
    describe(folder, {"onnx": {"data": "model.onnx", "onnx_version": "1.17"}})
    onnx.save(onnx_files.line(), folder / "model.onnx")
    return onnx_files.LINE.predict(NUMBERS)


def with_xgboost(folder):
    describe(folder, {"xgboost": {"data": "model.ubj", "model_class": "xgboost.core.Booster"}})
    TREES.save_model(folder / "model.ubj")
    return TREES.inplace_predict(NUMBERS.astype(np.float32))


def with_lightgbm(folder):
    describe(folder, {"lightgbm": {"data": "model.lgb"}})
    BOOSTED.save_model(folder / "model.lgb")
    return BOOSTED.predict(TABLE)


@pytest.fixture
def bring(brought):
    return lambda output=NUMBER, inputs=NUMERIC, **options: brought(
        MLflow(), "run", output, inputs, **options
    )


@pytest.mark.parametrize("save", [with_onnx, with_xgboost, with_lightgbm])
def test_a_flavour_answers_as_its_library_does(bring, tmp_path, save):
    expected = save(tmp_path / "run")

    assert bring().answer(ROWS) == pytest.approx(expected, abs=1e-4)


def test_scikit_learn_saved_with_skops_answers(bring, tmp_path):
    flavor = {"pickled_model": "model.skops", "serialization_format": "skops"}
    describe(tmp_path / "run", {"sklearn": flavor})
    skops.io.dump(LINEAR, tmp_path / "run" / "model.skops")

    answer = bring(YES_NO).answer(ROWS)

    assert answer == pytest.approx(LINEAR.predict_proba(TABLE), abs=1e-12)


@pytest.mark.parametrize("flavor", [
    {"sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}},
    {"lightgbm": {"data": "model.pkl", "model_class": "lightgbm.sklearn.LGBMClassifier"}},
])  # fmt: skip
def test_a_pickle_needs_leave(bring, tmp_path, flavor):
    describe(tmp_path / "run", flavor)
    joblib.dump(LINEAR, tmp_path / "run" / "model.pkl")

    with pytest.raises(InvalidData, match="can run any code"):
        bring(YES_NO).train()

    answer = bring(YES_NO).answer(ROWS, allow_pickle=True)
    assert answer == pytest.approx(LINEAR.predict_proba(TABLE), abs=1e-12)


def test_the_signature_names_what_the_model_does_not(bring, tmp_path):
    with_onnx(tmp_path / "run")

    told = bring().inspect()

    assert told.inputs == {
        "size": {"type": "number"},
        "count": {"type": "integer", "nullable": True},
    }
    assert told.output == NUMBER


def test_the_model_knows_more_than_the_signature_does(bring, tmp_path):
    flavor = {"pickled_model": "model.skops"}
    describe(tmp_path / "run", {"sklearn": flavor}, outputs=[{"type": "string"}])
    skops.io.dump(LINEAR, tmp_path / "run" / "model.skops")

    assert bring(YES_NO).inspect().output == YES_NO


def test_only_requirements_that_read_the_model_are_told(bring, tmp_path):
    with_onnx(tmp_path / "run")
    (tmp_path / "run" / "requirements.txt").write_text(
        "mlflow==3.1.0\n--index-url x\nonnxruntime==1.20.1  # this\n\nnumpy==2.1.0; python_version>'3'\n"
    )

    assert bring().inspect().requirements == ["onnxruntime==1.20.1"]


def test_of_the_two_wheels_of_xgboost_one_is_told(bring, tmp_path):
    with_xgboost(tmp_path / "run")
    (tmp_path / "run" / "requirements.txt").write_text("xgboost_cpu==3.0.0\nxgboost==3.0.0\n")

    assert bring().inspect().requirements == ["xgboost_cpu==3.0.0"]


PICKLED = {"pickled_model": "model.pkl"}
FOREIGN = {"pickled_model": "model.skops", "skops_trusted_types": ["acme.Scaler"]}


@pytest.mark.parametrize("flavor", [PICKLED, FOREIGN])
def test_a_pickle_and_foreign_types_may_need_every_requirement(bring, tmp_path, flavor):
    needed = "mlflow==3.1.0\nacme==1.0\nscikit-learn==1.5.2\n"
    describe(tmp_path / "run", {"sklearn": flavor}, requirements=needed)
    joblib.dump(LINEAR, tmp_path / "run" / "model.pkl")
    skops.io.dump(LINEAR, tmp_path / "run" / "model.skops")

    told = bring(YES_NO).inspect(allow_pickle=True)

    assert told.requirements == ["acme==1.0", "scikit-learn==1.5.2"]


def test_what_cannot_be_read_here_is_described_by_its_signature(bring, tmp_path):
    describe(tmp_path / "run", {"sklearn": PICKLED}, requirements="acme==1.0\n")
    (tmp_path / "run" / "model.pkl").write_bytes(b"\x80\x04cacme\nScaler\n.")

    told = bring(YES_NO).inspect(allow_pickle=True)

    assert list(told.inputs) == ["size", "count"]
    assert "No module named 'acme'" in told.notes[0]
    with pytest.raises(InvalidData, match="No module named 'acme'"):
        bring(YES_NO).train(allow_pickle=True)


def test_what_cannot_be_read_and_needs_nothing_more_is_refused(bring, tmp_path):
    describe(tmp_path / "run", {"sklearn": PICKLED})
    (tmp_path / "run" / "model.pkl").write_bytes(b"\x80\x04cacme\nScaler\n.")

    with pytest.raises(InvalidData, match="No module named 'acme'"):
        bring(YES_NO).inspect(allow_pickle=True)


class Scaler(LogisticRegression):
    """A type of nobody's that skops knows."""


def test_types_that_are_not_trusted_are_named_with_where_to_trust_them(bring, tmp_path):
    describe(tmp_path / "run", {"sklearn": FOREIGN})
    skops.io.dump(Scaler().fit(TABLE, LABELS), tmp_path / "run" / "model.skops")

    with pytest.raises(InvalidConfiguration, match=r"Scaler; .*`trusted`.* `options`") as caught:
        bring(YES_NO).inspect()

    name = f"{Scaler.__module__}.Scaler"
    assert name in caught.value.message
    answer = bring(YES_NO, options={"trusted": [name]}).answer(ROWS)
    assert answer == pytest.approx(LINEAR.predict_proba(TABLE), abs=1e-12)


def test_options_go_to_the_flavours_own_algorithm(bring, tmp_path):
    describe(tmp_path / "run", {"onnx": {"data": "model.onnx"}})
    onnx.save(onnx_files.line(), tmp_path / "run" / "model.onnx")

    answer = bring({"type": "boolean"}, options={"scores": "logit"}).answer(ROWS)

    chance = 1 / (1 + np.exp(-onnx_files.LINE.predict(NUMBERS)))
    assert answer == pytest.approx(chance, abs=1e-5)
    with pytest.raises(InvalidConfiguration, match="do not fit onnx"):
        bring(options={"score": "logit"}).train()


@pytest.mark.parametrize(("flavors", "reason"), [
    ({}, r"flavour python_function alone, .*`minerva new algorithm`"),
    ({"tensorflow": {}}, "has the flavours python_function, tensorflow; what can be read is onnx"),
    ({"onnx": {"data": "../outside.onnx"}}, "not inside it"),
    ({"onnx": {"data": "missing.onnx"}}, "not inside it"),
    ({"onnx": "what"}, "not inside it"),
    ({"pytorch": {"model_data": "data"}}, "does not hold one model file, but 0"),
])  # fmt: skip
def test_a_folder_that_cannot_be_read_is_refused(bring, tmp_path, flavors, reason):
    describe(tmp_path / "run", flavors)
    onnx.save(onnx_files.line(), tmp_path / "outside.onnx")
    (tmp_path / "run" / "data").mkdir()

    with pytest.raises(InvalidData, match=reason):
        bring().train()


@pytest.mark.parametrize(
    "text",
    ["[", "7", "flavors: 3", "{flavors: {onnx: {data: model.onnx}}, signature: {inputs: '7'}}"],
)
def test_a_description_that_cannot_be_read_is_refused(bring, tmp_path, text):
    with_onnx(tmp_path / "run")
    (tmp_path / "run" / "MLmodel").write_text(text)

    with pytest.raises(InvalidData, match="MLmodel"):
        bring().inspect()


def test_a_truncated_model_inside_is_refused(bring, tmp_path):
    with_lightgbm(tmp_path / "run")
    file = tmp_path / "run" / "model.lgb"
    file.write_bytes(file.read_bytes()[:900])

    with pytest.raises(InvalidData, match="no model that LightGBM can read"):
        bring().train()


def test_it_recognises_its_own_folders_only(tmp_path):
    with_onnx(tmp_path / "run")
    (tmp_path / "other").mkdir()

    assert MLflow().recognises(tmp_path / "run")
    assert not MLflow().recognises(tmp_path / "other")
    assert not MLflow().recognises(tmp_path / "run" / "MLmodel")
