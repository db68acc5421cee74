"""A model is told beside the best constant answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posing import posed, rows_of
from sklearn.dummy import DummyClassifier

from minerva.layers.abstraction.training import baseline

OUTPUTS = {
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "category": {"type": "category", "values": ["a", "b", "c"]},
}


def held_out(kind, truth):
    problem = posed({"y": OUTPUTS[kind]})
    return problem, rows_of(problem.schema, {"y": truth})


def compared(metrics, posed_rows):
    problem, rows = posed_rows
    return baseline.compared(problem, metrics, rows, None)


def test_nothing_is_compared_where_nothing_was_held_out():
    assert compared({}, held_out("number", [])) is None


def test_a_number_is_compared_with_the_mean():
    found = compared({"rmse": 1.5, "mae": 9.0}, held_out("number", [1.0, 3.0, 5.0, 7.0]))

    assert (found.metric, found.beaten) == ("rmse", True)
    assert found.simple == pytest.approx(np.std([1, 3, 5, 7]))
    assert found.sentence == "Worth using: rmse 1.5000 against 2.2361 of always the mean."


def test_classes_are_compared_with_the_most_frequent_one():
    truth = [0, 0, 0, 1, 2, 0]
    theirs = DummyClassifier().fit(np.zeros((6, 1)), truth).score(np.zeros((6, 1)), truth)

    found = compared({"roc_auc": 0.5, "accuracy": 1.0}, held_out("category", truth))

    assert found.metrics["accuracy"] == theirs
    assert (found.simple, found.beaten) == (0.5, False)
    assert found.sentence.startswith("Not worth using: roc_auc 0.5000 against 0.5000 of always the")


def test_labels_without_chances_are_compared_by_the_classes_recalls():
    found = compared({"balanced_accuracy": 0.4}, held_out("category", [0, 1, 2]))

    assert (found.metric, found.simple) == ("balanced_accuracy", pytest.approx(1 / 3))


@pytest.mark.parametrize("kind", OUTPUTS)
def test_rows_that_are_all_the_same_tell_nothing_of_a_model(kind):
    metrics = {"balanced_accuracy": 1.0, "rmse": 0.0}

    assert compared(metrics, held_out(kind, [1, 1])) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_the_baseline_itself_is_never_better_than_the_baseline(truth):
    problem, rows = held_out("number", truth)
    own = problem.evaluate(rows, {"y": np.full(len(truth), np.mean(truth))})

    found = compared(own, (problem, rows))
    assert found is None or not found.beaten
