"""Metrics that need no truth, or not much of it, against scikit-learn's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posing import posed, rows_of
from sklearn import datasets, decomposition, manifold, metrics

from minerva.layers.abstraction.problems.anomaly_detection import average_precision
from minerva.layers.abstraction.problems.clustering import agreement, cluster_metrics
from minerva.layers.abstraction.problems.dimension_reduction import (
    explained_variance,
    trustworthiness,
)
from minerva.layers.abstraction.problems.space import distances, points

IRIS = datasets.load_iris()
AT = (IRIS.data - IRIS.data.mean(axis=0)) / IRIS.data.std(axis=0)
PLANE = {"x": {"type": "number"}, "y": {"type": "number"}}


@pytest.mark.parametrize("labels", [IRIS.target, (AT[:, 2] > 0) * 1, np.arange(150) % 7])
def test_clusters_are_measured_as_scikit_learn_does(labels):
    found = cluster_metrics(AT, labels)

    assert found["silhouette"] == pytest.approx(metrics.silhouette_score(AT, labels))
    assert found["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(AT, labels))
    assert found["clustered"] == 1.0


def test_noise_is_close_to_nothing():
    noisy = np.where(np.arange(150) % 3 == 0, -1, IRIS.target)
    inside = noisy >= 0

    found = cluster_metrics(AT, noisy)

    assert found["clustered"] == pytest.approx(2 / 3)
    alone = metrics.silhouette_score(AT[inside], noisy[inside])
    assert found["silhouette"] == pytest.approx(alone * 2 / 3)


labels = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=2, max_size=30)


@given(labels)
@settings(deadline=None)
def test_agreement_with_classes_is_scikit_learns(pairs):
    truth, said = (np.array(part) for part in zip(*pairs, strict=True))

    found = agreement(truth, said)

    assert found["adjusted_rand"] == pytest.approx(metrics.adjusted_rand_score(truth, said))
    assert found["purity"] == pytest.approx(
        metrics.cluster.contingency_matrix(truth, said).max(axis=0).sum() / len(truth)
    )
    assert agreement(truth[:0], said[:0]) == {}


def test_one_cluster_has_no_neighbour():
    found = cluster_metrics(AT, np.zeros(150, np.int64))

    assert math.isnan(found["silhouette"])
    assert math.isnan(found["davies_bouldin"])


def test_clusters_are_compared_with_such_as_mean_nothing():
    problem = posed({"c": {"type": "integer"}}, PLANE, kind="clustering")
    rows = rows_of(problem.schema, {"c": [math.nan] * 6}, x=[0, 0.1, 0, 5, 5, 5.1], y=[0] * 6)

    found = problem.evaluate(rows, {"c": np.array([0, 0, 0, 1, 1, 1.0])})

    assert found["silhouette"] > 0.9
    assert problem.simple(rows, None).metrics == {"silhouette": 0.0}


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0])), min_size=2, max_size=40
    )
)
@settings(deadline=None)
def test_average_precision_is_scikit_learns(scored):
    truth, score = (np.array(part) for part in zip(*scored, strict=True))
    if truth.any():
        wanted = metrics.average_precision_score(truth, score)
        assert average_precision(truth, score) == pytest.approx(wanted)


def test_anomalies_are_judged_by_the_rows_that_hold_the_truth():
    problem = posed({"odd": {"type": "boolean"}}, kind="anomaly-detection")
    rows = rows_of(problem.schema, {"odd": [math.nan, 1.0, 0.0, 0.0]})

    found = problem.evaluate(rows, {"odd": np.array([0.9, 0.8, 0.2, 0.1])})

    assert found == {"roc_auc": 1.0, "average_precision": 1.0, "flagged": 0.5}
    assert problem.simple(rows, None).metrics["average_precision"] == pytest.approx(1 / 3)


def test_without_any_truth_it_is_told_how_many_are_anomalies():
    problem = posed({"odd": {"type": "boolean"}}, kind="anomaly-detection")
    rows = rows_of(problem.schema, {"odd": [math.nan] * 4})

    assert problem.evaluate(rows, {"odd": np.array([0.9, 0, 0, 0])}) == {"flagged": 0.25}
    assert problem.simple(rows, None) is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_principal_components_keep_is_what_scikit_learn_says_that_they_explain(count):
    reduction = decomposition.PCA(count).fit(AT)

    found = explained_variance(AT, reduction.transform(AT))

    assert found == pytest.approx(reduction.explained_variance_ratio_.sum())


@pytest.mark.parametrize(
    "said", [AT[:, :1], AT[:, 2:], np.random.default_rng(0).normal(size=(150, 2))]
)
def test_trustworthiness_is_scikit_learns(said):
    different = AT + np.random.default_rng(1).normal(scale=1e-6, size=AT.shape)  # no two alike
    said = said + np.random.default_rng(2).normal(scale=1e-6, size=said.shape)

    wanted = manifold.trustworthiness(different, said, n_neighbors=5)

    assert trustworthiness(different, said, 5) == pytest.approx(wanted)


def test_dimensions_are_compared_with_directions_drawn_by_lot():
    fields = {name: {"type": "number"} for name in "abcd"}
    output = {"first": {"type": "number"}, "second": {"type": "number"}}
    problem = posed(output, fields, kind="dimension-reduction")
    truth = dict.fromkeys(output, np.full(150, math.nan))
    rows = rows_of(problem.schema, truth, **dict(zip("abcd", AT.T.tolist(), strict=True)))
    first, second = decomposition.PCA(2).fit_transform(AT).T

    found = problem.evaluate(rows, {"first": first, "second": second})

    assert found["explained_variance"] > problem.simple(rows, None).metrics["explained_variance"]


def test_points_are_numbers_of_one_size_whatever_the_fields_are():
    inputs = {
        "n": {"type": "number", "nullable": True},
        "kind": {"type": "category", "values": ["a", "b"]},
        "note": {"type": "text"},
    }
    problem = posed({"c": {"type": "integer"}}, inputs, kind="clustering")
    rows = rows_of(
        problem.schema, {"c": [0, 0, 0]}, n=[10, None, 30], kind=["a", "b", "b"], note=["x"] * 3
    )

    assert points(rows.inputs).tolist() == [[-1, 1, 0], [0, 0, 1], [1, 0, 1]]


def test_distances_are_euclidean():
    assert distances(AT, AT[:3]) == pytest.approx(metrics.pairwise_distances(AT, AT[:3]), abs=1e-6)
