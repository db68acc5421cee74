"""What `xgboost.classifier` and `xgboost.regressor` refuse, and in which words."""

import msgspec
import numpy as np
import pytest

from minerva import AlgorithmFailed, InvalidConfiguration, InvalidData, Schema, TrainingData
from minerva.layers.application.xgboost_trees import XGBoostClassifier, XGBoostRegressor
from minerva.schema import Batch, Decoder

from .xgboost_cases import INPUTS, KINDS, OUTPUTS, QUICK, algorithm, data, declared, records, truth


def test_refuses_text_and_names_the_field(bench):
    inputs = {**INPUTS, "note": {"type": "text"}}
    schema = Schema.parse(declared("binary", inputs))
    batch = Decoder(schema).records(records(30))
    trees = bench(XGBoostClassifier(), declared("binary", inputs))

    with pytest.raises(
        InvalidData, match="set `use: false` on it, or make it a category"
    ) as caught:
        trees.train(TrainingData(batch, {"target": truth("binary", batch)}))

    assert [fault.where for fault in caught.value.faults] == ["/schema/inputs/note"]


@pytest.mark.parametrize("kind", ["binary", "multi", "boolean"])
def test_refuses_one_class_only(bench, kind):
    one = data(kind)
    one.targets["target"][:] = 1

    with pytest.raises(InvalidData, match="at least two classes"):
        bench(XGBoostClassifier(), declared(kind)).train(one)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("binary", -1, "has no truth"),
        ("boolean", np.nan, "has no truth"),
        ("number", np.nan, "has no truth"),
        ("number", np.inf, "has no truth"),
        ("number", -1e39, "is beyond 3.4e38"),
    ],
)
def test_refuses_rows_without_usable_truth(bench, kind, value, reason):
    spoilt = data(kind)
    spoilt.targets["target"][[4, 7]] = value

    with pytest.raises(InvalidData, match="2 rows have no usable 'target'") as caught:
        bench(algorithm(kind), declared(kind)).train(spoilt)

    (fault,) = caught.value.faults
    assert fault.where == 'column "target", row 5'
    assert reason in fault.message


def test_what_xgboost_refuses_is_told_in_its_words(bench):
    trees = bench(XGBoostRegressor(), declared("number"), reg_lambda=1e39)

    with pytest.raises(AlgorithmFailed) as caught:
        trees.train(data("number"))

    assert caught.value.message == (
        "XGBoost could not train: Out of range value for reg_lambda, value='1e+39'."
    )


@pytest.mark.parametrize("names", [("a", "b"), ("a[0]", "a<1"), ("feature_1", "x[")])
def test_any_field_name_can_be_learnt_from(bench, names):
    declaration = declared("number", {name: {"type": "number"} for name in names})
    trees = bench(XGBoostRegressor(), declaration, **QUICK)
    columns = {name: np.arange(300.0) for name in names}
    batch = Batch(trees.schema, columns, 300)

    model = trees.train(TrainingData(batch, {"target": np.arange(300.0)}))

    assert model.predict(batch)["target"] == pytest.approx(np.arange(300.0), abs=20)


def test_refuses_no_rows(bench):
    with pytest.raises(InvalidData, match="no rows"):
        bench(XGBoostRegressor(), declared("number")).train()


def test_refuses_a_schema_without_used_inputs(bench):
    declaration = declared("number", {"note": {"type": "text", "use": False}})
    trees = bench(XGBoostRegressor(), declaration)
    batch = Batch(trees.schema, {}, 30)

    with pytest.raises(InvalidData, match="nothing to learn from"):
        trees.train(TrainingData(batch, {"target": np.arange(30.0)}))


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_an_output_of_the_other_algorithms_type(bench, kind):
    wrong, right = (XGBoostClassifier(), XGBoostRegressor())
    if kind not in {"number", "integer"}:
        wrong, right = right, wrong

    with pytest.raises(InvalidConfiguration, match=f"use {right.name}"):
        bench(wrong, declared(kind)).train(data(kind))


def test_refuses_two_outputs(bench):
    two = {"inputs": INPUTS, "output": {"a": OUTPUTS["number"], "b": OUTPUTS["number"]}}

    with pytest.raises(InvalidConfiguration, match="one output, but the schema has 2"):
        bench(XGBoostRegressor(), two).train()


def test_refuses_to_load_a_model_of_another_schema(bench, tmp_path):
    bench(XGBoostClassifier(), declared("binary"), **QUICK).train(data("binary")).save(tmp_path)
    fewer = {name: INPUTS[name] for name in ("size", "colour")}
    other = bench(XGBoostClassifier(), declared("binary", fewer))

    with pytest.raises(InvalidData, match="5 features, the schema 2"):
        other.algorithm.load(tmp_path, other.context())


@pytest.mark.parametrize("keep", [0, 1, 40, 1000, -1])
def test_refuses_to_load_a_truncated_model(bench, tmp_path, keep):
    trees = bench(XGBoostClassifier(), declared("binary"), **QUICK)
    trees.train(data("binary")).save(tmp_path)
    file = tmp_path / "model.ubj"
    file.write_bytes(file.read_bytes()[:keep])

    with pytest.raises(InvalidData, match=r"model.ubj is no model that XGBoost .* can read"):
        trees.algorithm.load(tmp_path, trees.context())


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_estimators": 0},
        {"learning_rate": 0},
        {"learning_rate": 1.5},
        {"subsample": 0},
        {"max_depth": 33},
        {"validation_share": 0.6},
        {"max_bin": 1},
        {"monotone": {"size": 2}},
        {"class_weight": "heavy"},
        {"n_estimatorz": 3},
        {"reg_lambda": -1},
    ],
)
def test_refuses_parameters_out_of_range(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, XGBoostClassifier.Parameters)


def test_the_regressor_has_no_class_weight():
    with pytest.raises(msgspec.ValidationError, match="class_weight"):
        msgspec.convert({"class_weight": "none"}, XGBoostRegressor.Parameters)
