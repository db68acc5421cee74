"""`xgboost.model`: a model trained elsewhere, brought as a file, checked before it is served."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xgboost

from minerva import InvalidConfiguration

from .foreign_models import (
    BOOLEAN,
    COLOURS,
    INPUTS,
    LABELS,
    NUMBER,
    RECORDS,
    SCORE,
    THREE,
    YES_NO,
    X,
    booster,
    sigmoid,
)


@pytest.mark.parametrize("file", ["model.ubj", "model.json", "champion of 2026.ubj"])
def test_answers_what_the_booster_answers(bring, batch, file):
    model = booster()
    brought = bring(model, file=file)

    answer = brought.train().predict(batch(brought))["target"]

    chance = model.inplace_predict(X).astype(np.float64)
    assert np.array_equal(answer, np.stack([1 - chance, chance], axis=1))


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "reg:logistic"])
def test_a_chance_answers_a_boolean(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, BOOLEAN)

    answer = brought.train().predict(batch(brought))["target"]

    expected = sigmoid(model.inplace_predict(X, predict_type="margin"))
    assert answer.shape == (300,)
    assert answer == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_classes_answer_with_their_probabilities(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, THREE)

    answer = brought.train().predict(batch(brought))["target"]

    scores = np.exp(model.inplace_predict(X, predict_type="margin").astype(np.float64))
    assert answer == pytest.approx(scores / scores.sum(axis=1, keepdims=True), abs=1e-6)
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("output", [YES_NO, BOOLEAN])
def test_two_classes_of_softprob_answer_yes_and_no(bring, batch, output):
    LABELS["multi"], three = (SCORE > 0.5).astype(int), LABELS["multi"]
    try:
        model = booster("multi:softprob", num_class=2)
    finally:
        LABELS["multi"] = three
    brought = bring(model, output)

    answer = brought.train().predict(batch(brought))["target"]

    chance = answer if output is BOOLEAN else answer[:, 1]
    assert chance == pytest.approx(model.inplace_predict(X)[:, 1], abs=1e-6)


@pytest.mark.parametrize(
    "objective",
    [
        "reg:squarederror",
        "reg:pseudohubererror",
        "reg:absoluteerror",
        "reg:gamma",
        "reg:tweedie",
        "reg:logistic",
        "count:poisson",
    ],
)
def test_numbers_answer_as_they_are(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, NUMBER)

    answer = brought.train().predict(batch(brought))["target"]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


@pytest.mark.parametrize("rows", [0, 1, 64, 300])
def test_a_record_gets_the_same_answer_whatever_the_batch(bring, batch, rows):
    brought = bring(booster("multi:softmax"), THREE)
    model = brought.train()

    answer = model.predict(batch(brought, RECORDS[:rows]))["target"]

    assert answer.shape == (rows, 3)
    assert np.array_equal(answer, model.predict(batch(brought))["target"][:rows])


def test_eight_threads_at_once_get_what_one_gets(bring, batch):
    brought = bring(booster())
    model, rows = brought.train(), batch(brought)
    expected = model.predict(rows)["target"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: model.predict(rows)["target"], range(100)))

    assert all(np.array_equal(answer, expected) for answer in answers)


def test_dart_is_supported(bring, batch):
    model = booster(booster="dart", rate_drop=0.5)
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"]

    assert np.array_equal(answer[:, 1], model.inplace_predict(X).astype(np.float64))


@pytest.mark.parametrize("file", ["model.ubj", "model.json"])
def test_a_version_keeps_its_own_copy(bring, batch, tmp_path, file):
    brought = bring(booster(), file=file)
    model = brought.train()
    original = (tmp_path / file).read_bytes()
    folder = tmp_path / "version"
    folder.mkdir()

    model.save(folder)
    (tmp_path / file).unlink()

    assert [one.read_bytes() for one in folder.iterdir()] == [original]
    told = brought.ask_fresh_process(folder, RECORDS[:20])
    assert (
        told["answer"]["target"] == model.predict(batch(brought, RECORDS[:20]))["target"].tolist()
    )
    assert "sklearn" not in told["heavy"]


def test_a_recorded_best_round_counts_unless_all_are_wanted(bring, batch):
    model = booster()
    model.set_attr(best_iteration="2")
    best, everything = bring(model), bring(model, rounds="all")

    few = best.train().predict(batch(best))["target"][:, 1]
    many = everything.train().predict(batch(everything))["target"][:, 1]

    assert np.array_equal(few, model.inplace_predict(X, iteration_range=(0, 3)).astype(np.float64))
    assert np.array_equal(many, model.inplace_predict(X).astype(np.float64))
    assert not np.array_equal(few, many)


def test_a_model_without_names_takes_the_inputs_in_order(bring, batch):
    model = booster(names=())
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


def test_field_names_that_xgboost_forbids_go_by_position(bring, batch):
    inputs = {"size [m]": INPUTS["size"], "colour": INPUTS["colour"]}
    brought = bring(booster(names=("feature_0", "feature_1")), inputs=inputs)

    assert len(brought.train().predict(batch(brought, []))["target"]) == 0


def test_a_category_may_be_a_number_in_the_model(bring, batch):
    model = booster(types=["float", "int"])
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


def from_frame(order):
    """A model that remembers its categories, as one trained from a DataFrame does."""
    frame = pd.DataFrame({"size": X[:, 0], "colour": [COLOURS[int(code)] for code in X[:, 1]]})
    frame["colour"] = pd.Categorical(frame["colour"], categories=order)
    rows = xgboost.DMatrix(frame, label=SCORE > 0.5, enable_categorical=True)
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, rows, 8), frame


def test_a_model_of_a_data_frame_answers_as_it_does_there(bring, batch):
    model, frame = from_frame(COLOURS)
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(frame).astype(np.float64))


def test_categories_in_another_order_than_the_models_are_refused(bring):
    model, _ = from_frame(sorted(COLOURS))

    with pytest.raises(InvalidConfiguration) as caught:
        bring(model).train()

    (fault,) = caught.value.faults
    assert fault.where == "/schema/inputs/colour"
    assert fault.message.endswith("in the model's order: 'blue', 'green', 'red'")
