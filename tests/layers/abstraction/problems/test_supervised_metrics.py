"""Metrics against their definitions, written out the slow way, and against known values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posing import posed, rows_of

from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.layers.abstraction.problems.kind import Rows

BOOLEAN = {"type": "boolean"}
NUMBER = {"type": "number"}
TWO = {"type": "category", "values": ["No", "Yes"]}
THREE = {"type": "category", "values": ["a", "b", "c"]}

chances = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.75, 1.0])
rows = st.lists(st.tuples(st.booleans(), chances), min_size=1, max_size=40)
numbers = st.floats(-1e6, 1e6)


def of(field, truth, predicted) -> dict[str, float]:
    """Evaluate one output."""
    problem = posed({"y": field})
    rows = Rows(rows_of(problem.schema, {"y": truth}), {})
    return problem.kind.evaluate(rows, {"y": np.asarray(predicted)})


@given(rows)
@settings(deadline=None)
def test_roc_auc_is_how_often_a_positive_scores_above_a_negative(scored):
    positives = [score for truth, score in scored if truth]
    negatives = [score for truth, score in scored if not truth]
    found = roc_auc(np.array([t for t, _ in scored]), np.array([s for _, s in scored]))

    if not positives or not negatives:
        assert math.isnan(found)
    else:
        wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
        assert found == pytest.approx(wins / (len(positives) * len(negatives)))


@given(rows)
@settings(deadline=None)
def test_binary_metrics_are_their_definitions(scored):
    truth = [int(t) for t, _ in scored]
    chance = [s for _, s in scored]
    table = [[1 - s, s] for s in chance]

    found = of(TWO, truth, table)

    given_truth = [max(s if t else 1 - s, 1e-15) for t, s in zip(truth, chance, strict=True)]
    assert found["log_loss"] == pytest.approx(-sum(map(math.log, given_truth)) / len(truth))
    assert found["brier"] == pytest.approx(
        sum((s - t) ** 2 for t, s in zip(truth, chance, strict=True)) / len(truth)
    )
    right = [(s > 1 - s) == bool(t) for t, s in zip(truth, chance, strict=True)]
    assert found["accuracy"] == pytest.approx(sum(right) / len(right))
    recalls = [
        np.mean([r for t, r in zip(truth, right, strict=True) if t == code]) for code in set(truth)
    ]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert of(BOOLEAN, [float(t) for t in truth], chance) == pytest.approx(found, nan_ok=True)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
@settings(deadline=None)
def test_regression_metrics_are_their_definitions(pairs):
    truth, predicted = zip(*pairs, strict=True)

    found = of(NUMBER, truth, predicted)

    errors = [p - t for t, p in pairs]
    mean = sum(truth) / len(truth)
    spread = sum((t - mean) ** 2 for t in truth)
    assert found["rmse"] == pytest.approx(math.sqrt(sum(e * e for e in errors) / len(errors)))
    assert found["mae"] == pytest.approx(sum(map(abs, errors)) / len(errors))
    if spread > 1e-3:
        assert found["r2"] == pytest.approx(1 - sum(e * e for e in errors) / spread, rel=1e-6)


def test_known_values_of_three_classes():
    truth = [0, 1, 2, 2]
    table = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2]]

    found = of(THREE, truth, table)

    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.6, 0.2]).mean())
    assert found["roc_auc"] == pytest.approx((1 + 1 + 0.75) / 3)
    assert found["brier"] == pytest.approx((0.06 + 0.54 + 0.24 + 0.98) / 4)


def test_an_impossible_truth_costs_much_but_not_everything():
    found = of(TWO, [1, 0], [[1.0, 0.0], [1.0, 0.0]])

    assert found["log_loss"] == pytest.approx(-math.log(1e-15) / 2)


def test_one_class_has_no_curve():
    assert math.isnan(of(TWO, [1, 1], [[0.5, 0.5], [0.4, 0.6]])["roc_auc"])
    assert of(THREE, [0, 1], [[1.0, 0, 0], [0, 1.0, 0]])["roc_auc"] == 1.0


def test_labels_without_probabilities_have_no_curve_either():
    assert of(THREE, [0, 1, 2, 2], [0, 1, 2, 0]) == pytest.approx(
        {"accuracy": 0.75, "balanced_accuracy": (1 + 1 + 0.5) / 3}
    )


def test_a_constant_truth_has_no_r2():
    found = of(NUMBER, [2.0, 2.0], [1.0, 3.0])

    assert math.isnan(found["r2"])
    assert (found["rmse"], found["mae"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("field", "predicted"),
    [(NUMBER, [1.0, 2.0]), (BOOLEAN, [0.2, 0.7]), (TWO, [[0.8, 0.2], [0.3, 0.7]])],
)
def test_every_metric_that_is_found_has_a_name_that_a_gate_may_use(field, predicted):
    found = of(field, [0, 1], predicted)

    assert set(found) == set(posed({"y": field}).metrics)


def test_where_some_rows_lack_the_truth_the_others_are_judged():
    problem = posed({"y": TWO}, kind="semi-supervised")
    rows = rows_of(problem.schema, {"y": np.array([1, -1, 0, -1])})
    table = np.array([[0.2, 0.8], [1.0, 0.0], [0.7, 0.3], [0.0, 1.0]])

    found = problem.evaluate(rows, {"y": table})

    assert found["accuracy"] == 1.0
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.7]).mean())
    assert problem.evaluate(rows.take(np.array([1, 3])), {"y": table[[1, 3]]}) == {}
