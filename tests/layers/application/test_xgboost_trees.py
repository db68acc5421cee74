"""`xgboost.classifier` and `xgboost.regressor` on made data whose truth is known."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minerva import InvalidConfiguration
from minerva.algorithm import Explains
from minerva.layers.application.xgboost_trees import XGBoostClassifier, XGBoostRegressor
from minerva.schema import Decoder

from .xgboost_cases import (
    KINDS,
    QUICK,
    algorithm,
    data,
    declared,
    records,
)


@pytest.mark.parametrize("kind", KINDS)
def test_learns_what_decides(bench, kind):
    model = bench(algorithm(kind), declared(kind), **QUICK).train(data(kind))
    unseen = data(kind, seed=1)

    answer = model.predict(unseen.inputs)["target"]

    if kind in {"number", "integer"}:
        assert answer.shape == (600,)
        assert np.mean(np.abs(answer - unseen.target())) < 2
    else:
        guess = answer >= 0.5 if kind == "boolean" else answer.argmax(axis=1)
        assert np.mean(guess == unseen.target()) > 0.93


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_gets_the_same_answer_whatever_the_batch(bench, kind):
    model = bench(algorithm(kind), declared(kind), **QUICK).train(data(kind))
    batch = data(kind, rows=200, seed=2).inputs

    together = model.predict(batch)["target"]
    alone = [model.predict(batch.take(np.array([row])))["target"] for row in range(200)]

    assert together.dtype == np.float64
    assert np.array_equal(together, np.concatenate(alone))
    if together.ndim == 2:
        assert together.sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "shape"), [("binary", (0, 2)), ("multi", (0, 3)), ("number", (0,))]
)
def test_no_records_get_no_answers(bench, kind, shape):
    model = bench(algorithm(kind), declared(kind), **QUICK).train(data(kind))
    nothing = data(kind).inputs.take(np.array([], dtype=np.int64))

    assert model.predict(nothing)["target"].shape == shape
    assert model.explain(nothing).shape == (0, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_process_answers_bit_for_bit_the_same_without_pandas(bench, kind, tmp_path):
    trees = bench(algorithm(kind), declared(kind), **QUICK)
    model = trees.train(data(kind))
    model.save(tmp_path)
    asked = records(20, seed=3)
    batch = Decoder(trees.schema).records(asked)

    told = trees.ask_fresh_process(tmp_path, asked, explain=True)

    assert told["answer"]["target"] == model.predict(batch)["target"].tolist()
    assert told["why"] == model.explain(batch).tolist()
    assert told["heavy"] == []


def test_saves_ubj_and_json_only(bench, tmp_path):
    model = bench(XGBoostClassifier(), declared("binary"), **QUICK).train(data("binary"))

    model.save(tmp_path)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.ubj", "training.json"]
    assert json.loads((tmp_path / "training.json").read_text())["rounds"] <= 40


@pytest.mark.parametrize("kind", ["multi", "number"])
def test_the_same_data_and_seed_give_the_same_bytes_and_another_seed_others(bench, kind, tmp_path):
    trees = bench(algorithm(kind), declared(kind), **QUICK)

    def saved(seed, name):
        folder = tmp_path / name
        folder.mkdir()
        trees.train(data(kind), seed=seed, threads=2).save(folder)
        return (folder / "model.ubj").read_bytes()

    assert saved(7, "first") == saved(7, "again")
    assert saved(7, "seven") != saved(8, "eight")


def test_eight_threads_at_once_get_what_one_gets(bench):
    model = bench(XGBoostClassifier(), declared("multi"), **QUICK).train(data("multi"))
    batches = [data("multi", rows=1 + 13 * i, seed=i).inputs for i in range(16)]
    expected = [(model.predict(b)["target"], model.explain(b)) for b in batches]

    def ask(turn):
        batch = batches[turn % 16]
        return model.predict(batch)["target"], model.explain(batch) if turn % 4 == 0 else None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(320)))

    for turn, (answer, why) in enumerate(answers):
        assert np.array_equal(answer, expected[turn % 16][0])
        assert why is None or np.array_equal(why, expected[turn % 16][1])


def test_a_category_missing_or_never_seen_in_training_is_answered(bench):
    trees = bench(XGBoostRegressor(), declared("number"), **QUICK)
    model = trees.train(data("number"))
    record = records(1)[0]
    asked = [{**record, "colour": colour} for colour in ("green", "red", "grey", None)]
    batch = Decoder(trees.schema).records(asked)

    green, red, grey, missing = model.predict(batch)["target"]

    assert batch["colour"].tolist() == [1, 0, 3, -1]
    assert green - red > 10
    assert green - grey > 10  # grey was never seen, so it has no part in what green adds
    assert green - missing > 10


def test_huge_numbers_do_not_fail(bench):
    trees = bench(XGBoostClassifier(), declared("binary"), **QUICK)
    model = trees.train(data("binary"))
    asked = [{**records(1)[0], "size": size} for size in (1e308, 3e38, -1e308)]
    batch = Decoder(trees.schema).records(asked)

    large, less_large, small = model.predict(batch)["target"][:, 1]

    assert large == less_large > 0.9
    assert small < 0.5
    assert np.isfinite(model.explain(batch)).all()


def test_explains_itself(bench):
    model = bench(XGBoostClassifier(), declared("binary"), **QUICK).train(data("binary"))

    assert isinstance(model, Explains)


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_to_the_answer_less_the_usual_one(bench, kind):
    model = bench(algorithm(kind), declared(kind), **QUICK).train(data(kind))
    batch = data(kind, rows=50, seed=4).inputs

    why = model.explain(batch)

    answer = model.predict(batch)["target"]
    usual = model.explainer.contributions(batch).astype(float)[:, :, -1]
    if kind in {"binary", "boolean"}:
        usual = np.stack([-usual[:, 0], usual[:, 0]], axis=1) / 2
    if kind == "boolean":
        answer = np.stack([1 - answer, answer], axis=1)
    if kind not in {"number", "integer"}:
        usual = np.exp(usual) / np.exp(usual).sum(axis=1, keepdims=True)
        column = np.ones(50, int) if kind == "boolean" else answer.argmax(axis=1)
        usual, answer = usual[np.arange(50), column], answer[np.arange(50), column]
    assert why.shape == (50, 5)
    np.testing.assert_allclose(why.sum(axis=1), answer - usual.ravel(), atol=1e-4)
    assert (
        np.abs(why[:, 0]).mean() > np.abs(why[:, -1]).mean()
    )  # size decides, the moment is constant


def test_of_several_classes_the_likeliest_is_explained(bench):
    trees = bench(XGBoostClassifier(), declared("multi"), **QUICK)
    model = trees.train(data("multi"))
    record = {**records(1)[0], "colour": "red"}
    batch = Decoder(trees.schema).records([{**record, "size": size} for size in (-2.0, 2.0)])

    why = model.explain(batch)

    assert model.predict(batch)["target"].argmax(axis=1).tolist() == [0, 2]
    assert (why[:, 0] > 0).all()  # size speaks for each row's own class


def test_progress_rises_to_the_end_in_few_steps(bench):
    trees = bench(XGBoostClassifier(), declared("binary"), n_estimators=1000, learning_rate=0.05)

    trees.train(data("binary"))

    fractions = [fraction for fraction, _ in trees.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert 2 < len(fractions) <= 102
    assert "logloss 0." in trees.progress[1][1]


def test_early_stopping_keeps_the_best_round_only(bench):
    noise = data("binary")
    random = np.random.default_rng(5)
    noise.targets["target"][random.permutation(600)[:200]] ^= 1
    trees = bench(XGBoostClassifier(), declared("binary"), n_estimators=400, learning_rate=0.3)

    model = trees.train(noise)

    assert model.facts["validation_rows"] in {89, 90}  # 15 % of each class, rounded down
    assert model.facts["rounds"] < 100
    assert model.model.booster.num_boosted_rounds() == model.facts["rounds"]
    assert 0 < model.facts["validation_logloss"] < 0.7


@pytest.mark.parametrize(
    ("rows", "parameters"),
    [(600, {"validation_share": 0}), (600, {"early_stopping_rounds": 0}), (199, {})],
)
def test_without_validation_rows_all_rounds_are_kept(bench, rows, parameters):
    trees = bench(XGBoostClassifier(), declared("binary"), **QUICK, **parameters)

    model = trees.train(data("binary", rows=rows))

    assert model.facts == {"validation_rows": 0, "rounds": 40}


def test_balanced_weights_raise_the_rare_class(bench):
    rare = data("binary")
    random = np.random.default_rng(6)
    rare.targets["target"][:] = random.random(600) < 0.08
    plain = bench(XGBoostClassifier(), declared("binary"), n_estimators=5)
    balanced = bench(
        XGBoostClassifier(), declared("binary"), n_estimators=5, class_weight="balanced"
    )

    def chance(trees):
        return trees.train(rare).predict(rare.inputs)["target"][:, 1].mean()

    assert chance(plain) < 0.15
    assert chance(balanced) > 0.35


def test_a_monotone_field_never_lowers_the_answer(bench):
    falling = data("number")
    falling.targets["target"][:] = -np.nan_to_num(falling.inputs["size"])
    trees = bench(XGBoostRegressor(), declared("number"), **QUICK, monotone={"size": 1})

    model = trees.train(falling)

    record = {**records(1)[0], "colour": "red"}
    grid = [{**record, "size": float(size)} for size in np.linspace(-3, 3, 50)]
    answer = model.predict(Decoder(trees.schema).records(grid))["target"]
    assert (np.diff(answer) >= 0).all()


@pytest.mark.parametrize(
    ("monotone", "message"),
    [
        ({"sise": 1}, "not a used input; did you mean 'size'?"),
        ({"note": 1}, "not a used input"),
        ({"colour": -1}, "is a category, which has no order"),
    ],
)
def test_refuses_a_monotone_field_that_cannot_be(bench, monotone, message):
    trees = bench(XGBoostRegressor(), declared("number"), monotone=monotone)

    with pytest.raises(InvalidConfiguration) as caught:
        trees.train(data("number"))

    assert message in str(caught.value)
