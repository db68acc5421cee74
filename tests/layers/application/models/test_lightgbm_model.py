"""`lightgbm.model`: what LightGBM answers, or a reason why not; never a crash."""

import lightgbm
import numpy as np
import pandas as pd
import pytest

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.lightgbm_model import LightGBM
from minerva.layers.application.models.lightgbm_text import read_text

from .tables import (
    ABC,
    BOOLEAN,
    COLOURS,
    FRAME,
    HOLED,
    INPUTS,
    LABELS,
    NUMBER,
    NUMBERS,
    SCORE,
    THREE,
    YES_NO,
    records,
)

QUIET = {"verbose": -1, "num_threads": 1, "seed": 0}
TYPED = HOLED.assign(colour=pd.Categorical(HOLED["colour"], categories=COLOURS))


def fit(labels, rows=TYPED, **settings):
    columns = settings.pop("columns", {})
    return lightgbm.train({**QUIET, **settings}, lightgbm.Dataset(rows, labels, **columns), 10)


def text(model):
    return model.model_to_string().encode()


@pytest.fixture
def bring(brought, tmp_path):
    def make(model, output, inputs=INPUTS, **parameters):
        if isinstance(model, bytes):
            (tmp_path / "model.txt").write_bytes(model)
        else:
            model.save_model(tmp_path / "model.txt")
        return brought(LightGBM(), "model.txt", output, inputs, **parameters)

    return make


def test_two_classes_answer_as_the_booster_does(bring):
    model = fit(LABELS == "Yes", objective="binary")

    answer = bring(model, YES_NO).answer(records(HOLED))

    assert np.array_equal(answer[:, 1], model.predict(TYPED))
    assert np.array_equal(bring(model, BOOLEAN).answer(records(HOLED)), model.predict(TYPED))


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_classes_answer_as_the_booster_does(bring, objective):
    model = fit(np.searchsorted(["a", "b", "c"], THREE), objective=objective, num_class=3)

    answer = bring(model, ABC).answer(records(HOLED))

    told = model.predict(TYPED)
    assert answer == pytest.approx(told / told.sum(axis=1, keepdims=True), abs=1e-12)


@pytest.mark.parametrize("settings", [
    {"objective": "regression"}, {"objective": "regression_l1"}, {"objective": "poisson"},
    {"objective": "regression", "boosting": "dart"}, {"objective": "cross_entropy"},
    {"objective": "regression", "linear_tree": True},
    {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
], ids=str)  # fmt: skip
def test_numbers_answer_as_the_booster_does(bring, settings):
    bounded = settings["objective"] in {"poisson", "cross_entropy"}
    model = fit(SCORE.clip(0, 1) if bounded else SCORE, **settings)

    answer = bring(model, NUMBER).answer(records(HOLED))

    assert np.array_equal(answer, model.predict(TYPED))


def test_inputs_are_taken_by_name_whatever_their_order(bring):
    model = fit(SCORE, objective="regression")
    turned = dict(reversed(INPUTS.items()))

    answer = bring(model, NUMBER, turned).answer(records(HOLED))

    assert np.array_equal(answer, model.predict(TYPED))


def test_a_name_with_a_space_is_found_as_lightgbm_writes_it(bring):
    frame = FRAME[["size", "count"]].rename(columns={"size": "shoe size"})
    model = fit(SCORE, frame, objective="regression")
    inputs = {"shoe size": {"type": "number"}, "count": {"type": "number"}}

    answer = bring(model, NUMBER, inputs).answer(records(frame))

    assert np.array_equal(answer, model.predict(frame))


def test_whole_numbers_as_categories_are_handed_over_as_values(bring):
    inputs = {"size": {"type": "number"}, "code": {"type": "category", "values": [7, 20, 99]}}
    asked = [{"size": float(size), "code": int(code)} for size, code in CODED_ROWS]

    brought = bring(CODED_MODEL, NUMBER, inputs, categories="value")

    assert np.array_equal(brought.answer(asked), CODED_MODEL.predict(CODED_ROWS))
    told = brought.inspect()
    assert told.inputs["feature_1"] == {"type": "category", "values": [7, 20, 99]}
    assert told.parameters == {"categories": "value"}


@pytest.mark.parametrize("rows", [0, 1, 64])
def test_a_record_gets_the_same_answer_whatever_the_batch(bring, rows):
    brought = bring(fit(LABELS == "Yes", objective="binary"), YES_NO)

    answer = brought.answer(records(HOLED)[:rows])

    assert answer.shape == (rows, 2)
    assert np.array_equal(answer, brought.answer(records(HOLED))[:rows])


def test_the_file_tells_names_categories_and_what_was_missing(bring):
    told = bring(fit(LABELS == "Yes", objective="binary"), YES_NO).inspect()

    assert told.inputs == {
        "size": {"type": "number", "nullable": True},
        "colour": {"type": "category", "values": COLOURS},
        "count": {"type": "number"},
    }
    assert told.output == {"type": "boolean"}


def test_a_file_without_names_says_so(bring):
    model = fit(SCORE, NUMBERS, objective="regression")
    inputs = {"a": {"type": "number"}, "b": {"type": "number"}}
    brought = bring(model, NUMBER, inputs)

    assert list(brought.inspect().inputs) == ["feature_0", "feature_1"]
    assert "does not name its features" in brought.inspect().notes[0]
    answer = brought.answer([{"a": a, "b": b} for a, b in NUMBERS.tolist()])
    assert np.array_equal(answer, model.predict(NUMBERS))


MODEL = text(fit(LABELS == "Yes", objective="binary"))
CODES = np.array([20, 7, 99])[np.searchsorted(COLOURS, FRAME["colour"])]
CODED_ROWS = np.stack([FRAME["size"], CODES], axis=1)
CODED_MODEL = fit(
    SCORE, CODED_ROWS, objective="regression", min_data_per_group=1, cat_smooth=0, cat_l2=0,
    columns={"categorical_feature": [1]},
)  # fmt: skip
CODED = text(CODED_MODEL)
CUTS = [*range(0, 2000, 97), *range(2000, len(MODEL) - 40, 997), len(MODEL) - 30, len(MODEL) - 5]


@pytest.mark.parametrize("length", CUTS)
def test_a_file_cut_off_anywhere_is_refused(length):
    with pytest.raises(InvalidData, match="no model that LightGBM can read"):
        read_text(MODEL[:length], "model.txt")


@pytest.mark.parametrize(("which", "old", "new"), [
    ("model", b"max_feature_idx=2", b"max_feature_idx=1"),
    ("model", b"max_feature_idx=2", b"max_feature_idx=x"),
    ("model", b"num_tree_per_iteration=1", b"num_tree_per_iteration=3"),
    ("model", b"tree_sizes=", b"tree_sizes=1"),
    ("model", b"tree_sizes=", b"tree_sizes=99999999999999999999 "),
    ("model", b"num_leaves=", b"num_leaves=1"),
    ("model", b"left_child=", b"left_child=77 "),
    ("model", b"left_child=1 ", b"left_child=0 "),
    ("model", b"\nsplit_feature=", b"\nsplit_feature=9 "),
    ("model", b"\nleaf_value=", b"\nleaf_valve="),
    ("model", b"\nleaf_weight=", b"\nleaf_weight=a"),
    ("model", b"pandas_categorical:[[", b"pandas_categorical:[7,["),
    ("model", b"tree\n", b"tree\xff\n"),
    ("coded", b"cat_boundaries=0", b"cat_boundaries=1"),
    ("coded", b"cat_threshold=", b"cat_threshold=1 "),
    ("coded", b"\nnum_cat=", b"\nnum_cat=1"),
], ids=str)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(which, old, new):
    raw = {"model": MODEL, "coded": CODED}[which]
    damaged = raw.replace(old, new, 1)
    if old not in (b"tree_sizes=", b"tree\n") and len(new) != len(old):
        size = raw.split(b"tree_sizes=")[1].split(b" ")[0]
        longer = str(int(size) + len(new) - len(old)).encode()
        damaged = damaged.replace(b"tree_sizes=" + size, b"tree_sizes=" + longer, 1)
    assert damaged != raw

    with pytest.raises(InvalidData, match="no model that LightGBM can read"):
        read_text(damaged, "model.txt")


def test_a_whole_file_is_read():
    assert read_text(MODEL, "model.txt").names == ("size", "colour", "count")
    assert read_text(CODED, "model.txt").categorical == (False, True)


@pytest.mark.parametrize(("inputs", "fault"), [
    ({"size": INPUTS["size"]}, "lacks 'colour', which the model takes"),
    ({**INPUTS, "weight": {"type": "number"}}, "/schema/inputs/weight: the model does not take it"),
    ({"size": {"type": "text"}, "colour": INPUTS["colour"], "count": INPUTS["count"]}, "is text"),
    ({**INPUTS, "colour": {"type": "number"}}, "/schema/inputs/colour: is a category in the model"),
    ({**INPUTS, "colour": {"type": "category", "values": ["red", "green", "blue"]}},
     "in the model's order: 'blue', 'green', 'red'"),
])  # fmt: skip
def test_a_schema_that_does_not_fit_is_refused_with_what_differs(bring, inputs, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        bring(MODEL, YES_NO, inputs).train()

    assert fault in str(caught.value)


@pytest.mark.parametrize(("output", "fault"), [
    (NUMBER, "is of type number, but the model tells 2 classes apart"),
    (ABC, "has 3 values, but the model tells 2 classes apart"),
])  # fmt: skip
def test_an_output_that_does_not_fit_is_refused(bring, output, fault):
    with pytest.raises(InvalidConfiguration, match=fault):
        bring(MODEL, output).train()


def test_text_values_cannot_be_handed_over_as_numbers(bring):
    with pytest.raises(InvalidConfiguration, match="categories: index"):
        bring(MODEL, YES_NO, categories="value").train()


def test_it_recognises_its_own_files_only(tmp_path):
    (tmp_path / "model.txt").write_bytes(MODEL)
    (tmp_path / "other.txt").write_text("trees are green")

    assert LightGBM().recognises(tmp_path / "model.txt")
    assert not LightGBM().recognises(tmp_path / "other.txt")
    assert not LightGBM().recognises(tmp_path)
    assert not LightGBM().recognises(tmp_path / "missing")
