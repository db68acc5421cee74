"""A told confidence comes true as often as it says; an interval holds as many truths as it says."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from minerva import TrainingData
from minerva.layers.abstraction.evaluation.confidence import learnt, read
from minerva.layers.abstraction.serving.answers import answers
from minerva.schema import Batch, Schema

ROWS = 4_000
OUTPUTS = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "category": {"type": "category", "values": ["a", "b", "c"]},
}


def rows_of(kind, truth):
    schema = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": OUTPUTS[kind]}})
    return TrainingData(Batch(schema, {"x": np.zeros(len(truth))}, len(truth)), {"y": truth})


def sure(kind, truth, told, asked=None):
    """Learn from one half of the answers; return how sure the other half is."""
    half = len(truth) // 2
    rows = rows_of(kind, truth)
    known = read(learnt(rows.take(np.arange(half)), {"y": told[:half]}))["y"]
    rest = told[half:] if asked is None else asked
    return known.of(answers(rows.inputs.schema, {"y": rest}, len(rest))["y"])


@pytest.fixture
def draw():
    return np.random.default_rng(2)


def test_bold_chances_are_brought_down_to_what_comes_true(draw):
    chance = draw.uniform(size=ROWS)
    truth = (draw.uniform(size=ROWS) < chance).astype(float)
    bold = np.where(chance > 0.5, 0.9 + chance / 10, chance / 10)

    told = sure("boolean", truth, bold)

    right = (bold[ROWS // 2 :] >= 0.5) == truth[ROWS // 2 :]
    assert told.mean() == pytest.approx(right.mean(), abs=0.03)
    for part in (told < 0.65, told > 0.85):
        assert told[part].mean() == pytest.approx(right[part].mean(), abs=0.06)


def test_of_several_classes_it_is_the_chance_that_the_answer_is_right(draw):
    truth = draw.integers(0, 3, ROWS).astype(np.int32)
    chances = np.full((ROWS, 3), 0.1)
    chances[np.arange(ROWS), np.where(draw.uniform(size=ROWS) < 0.7, truth, 0)] = 0.8

    told = sure("category", truth, chances)

    right = chances[ROWS // 2 :].argmax(axis=1) == truth[ROWS // 2 :]
    assert told.mean() == pytest.approx(right.mean(), abs=0.03)


def test_the_curve_is_that_of_isotonic_regression(draw):
    chance = draw.uniform(0.5, 1, 60)
    truth = (draw.uniform(size=60) < chance).astype(float)
    known = read(learnt(rows_of("boolean", truth), {"y": chance}))["y"]

    theirs = IsotonicRegression().fit(chance, truth).predict(chance)

    assert min(theirs) - 1e-6 <= min(known.came_true)
    assert max(known.came_true) <= max(theirs) + 1e-6
    assert list(known.came_true) == sorted(known.came_true)
    assert set(known.came_true) <= set(np.round(theirs, 6))


@pytest.mark.parametrize("kind", ["number", "integer"])
def test_nine_of_ten_intervals_hold_the_truth(draw, kind):
    truth = draw.integers(0, 100, ROWS).astype(float)
    told = truth + draw.normal(0, 5, ROWS)

    ends = sure(kind, truth, told)

    held = (ends[:, 0] <= truth[ROWS // 2 :]) & (truth[ROWS // 2 :] <= ends[:, 1])
    assert held.mean() == pytest.approx(0.9, abs=0.03)


def test_labels_without_chances_are_as_sure_as_they_were_right(draw):
    truth = draw.integers(0, 2, ROWS).astype(np.int32)
    labels = np.where(draw.uniform(size=ROWS) < 0.8, truth, 1 - truth)

    told = sure("category", truth, labels)

    assert len(set(told.tolist())) == 1
    assert told[0] == pytest.approx(0.8, abs=0.03)


def test_few_rows_or_no_truth_tell_nothing(draw):
    assert learnt(rows_of("number", np.zeros(49)), {"y": np.zeros(49)}) == {}
    nothing = TrainingData(rows_of("number", np.zeros(60)).inputs, {})
    assert learnt(nothing, {"y": np.zeros(60)}) == {}
    assert read({}) == {}


def test_rows_without_truth_are_left_out(draw):
    truth = np.where(np.arange(ROWS) % 2, np.nan, 7.0)

    ends = sure("number", truth, np.full(ROWS, 7.0))

    assert ends.tolist()[0] == [7.0, 7.0]
