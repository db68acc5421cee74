"""What numpy answers without a truth, or with little of it, is what scikit-learn would have answered."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.cluster import KMeans as TheirKMeans
from sklearn.datasets import make_blobs, make_moons
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest as TheirForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, homogeneity_score
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from minerva import InvalidConfiguration, InvalidData, TrainingContext, TrainingData
from minerva.layers.application.catalogue.density_clusters import Dbscan, Hdbscan
from minerva.layers.application.catalogue.isolation import IsolationForest
from minerva.layers.application.catalogue.kmeans import KMeans
from minerva.layers.application.catalogue.pca import PrincipalComponents
from minerva.layers.application.catalogue.semi_supervised import Propagation, SelfTraining
from minerva.schema import Decoder, Schema

SEED = 3
NUMBER = {"type": "number"}
MOONS, HALF = make_moons(300, noise=0.06, random_state=0)
BLOBS, OF = make_blobs([150, 100, 60], 2, cluster_std=0.8, random_state=1)
CLASSES = {"type": "category", "values": ["a", "b"]}


def schema_of(output, width=2):
    inputs = {f"x{at}": NUMBER for at in range(width)}
    return Schema.parse({"inputs": inputs, "output": output})


def context_of(algorithm, output=None, **parameters):
    schema = schema_of(output or {"y": NUMBER})
    return TrainingContext(schema, algorithm.Parameters(**parameters), Path(), seed=SEED)


def fitted(algorithm, rows, output=None, **parameters):
    """Return what it says of rows, and what it learnt."""
    kept = algorithm.fit(rows, context_of(algorithm, output, **parameters))
    return (lambda asked: algorithm.answer(kept, asked)), kept


def test_k_means_finds_the_clusters_and_numbers_them_by_size():
    answer, _ = fitted(KMeans(), BLOBS, clusters=3)

    wanted = TheirKMeans(3, n_init=10, random_state=SEED).fit(BLOBS).predict(BLOBS)
    said = answer(BLOBS)
    assert adjusted_rand_score(wanted, said) == 1.0
    assert (
        sorted(np.bincount(said.astype(int)), reverse=True)
        == np.bincount(said.astype(int)).tolist()
    )
    assert adjusted_rand_score(OF, said) > 0.95


def test_more_clusters_than_different_rows_are_refused():
    with pytest.raises(InvalidData, match="lower `clusters`"):
        fitted(KMeans(), np.repeat(BLOBS[:2], 20, axis=0), clusters=3)


def test_dbscan_says_of_core_rows_what_scikit_learn_says():
    answer, _ = fitted(Dbscan(), MOONS, radius=0.2)
    theirs = DBSCAN(eps=0.2, min_samples=5).fit(MOONS)

    core = theirs.core_sample_indices_
    assert adjusted_rand_score(theirs.labels_[core], answer(MOONS[core])) == 1.0
    assert ((answer(MOONS) == -1) == (theirs.labels_ == -1)).all()
    assert answer(np.array([[9.0, 9.0]])).tolist() == [-1]


def test_a_radius_that_is_not_given_is_measured():
    answer, _ = fitted(Dbscan(), MOONS)

    said = answer(MOONS)
    assert homogeneity_score(HALF[said >= 0], said[said >= 0]) == pytest.approx(1.0)
    assert (said >= 0).mean() > 0.9


def test_where_nothing_is_dense_there_are_no_clusters():
    with pytest.raises(InvalidData, match="raise `radius`"):
        fitted(Dbscan(), MOONS, radius=1e-4)


def test_hdbscan_finds_places_of_different_density():
    dense = np.random.default_rng(0).normal(0, 0.1, (80, 2))
    loose = np.random.default_rng(1).normal(8, 1.0, (80, 2))
    rows = np.concatenate([dense, loose])
    answer, _ = fitted(Hdbscan(), rows, smallest=20)
    theirs = HDBSCAN(min_cluster_size=20, min_samples=5, copy=True).fit(rows).labels_

    inside = theirs >= 0
    assert adjusted_rand_score(theirs[inside], answer(rows[inside])) == 1.0
    assert answer(np.array([[4.0, -9.0]])).tolist() == [-1]


def test_too_few_rows_for_a_cluster_are_told():
    with pytest.raises(InvalidData, match="too few for clusters of 30"):
        fitted(Hdbscan(), MOONS[:30], smallest=30)


def test_principal_components_are_scikit_learns():
    output = {"first": NUMBER, "second": NUMBER}
    answer, _ = fitted(PrincipalComponents(), BLOBS, output)

    assert answer(BLOBS) == pytest.approx(PCA(2, svd_solver="full").fit(BLOBS).transform(BLOBS))


def test_more_components_than_columns_are_refused():
    output = dict.fromkeys("abc", NUMBER)

    with pytest.raises(InvalidConfiguration, match="no 3 directions"):
        fitted(PrincipalComponents(), BLOBS, output)


@pytest.mark.parametrize("count", [300, 2000])
def test_oddness_is_scikit_learns(count):
    rows = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32).astype(float)
    algorithm = IsolationForest()
    answer, learnt = fitted(algorithm, rows, trees=50)
    theirs = TheirForest(n_estimators=50, max_samples=256, random_state=SEED).fit(rows)

    assert algorithm.oddness(learnt, rows) == pytest.approx(-theirs.score_samples(rows))
    assert (answer(rows) >= 0.5).mean() == pytest.approx(0.02, abs=0.005)
    assert answer(np.array([[9.0, 9.0, 9.0]]))[0] > 0.9


def some_known(truth, every=15):
    return np.where(np.arange(len(truth)) % every == 0, truth, -1)


def test_self_training_is_scikit_learns():
    algorithm, labels = SelfTraining(), some_known(OF > 0)
    learnt = algorithm.fit(BLOBS, labels, context_of(algorithm))

    logistic = LogisticRegression(max_iter=1000)
    theirs = SelfTrainingClassifier(logistic, threshold=0.9).fit(BLOBS, labels)
    assert algorithm.answer(learnt, BLOBS) == pytest.approx(theirs.predict_proba(BLOBS))


def test_propagation_is_scikit_learns_and_follows_the_shape_of_the_data():
    algorithm, labels = Propagation(), some_known(HALF)
    learnt = algorithm.fit(MOONS, labels, context_of(algorithm))

    theirs = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.2, max_iter=200)
    chances = algorithm.answer(learnt, MOONS)
    assert chances == pytest.approx(theirs.fit(MOONS, labels).predict_proba(MOONS))
    assert (chances.argmax(axis=1) == HALF).mean() > 0.95


def test_where_no_truth_arrives_the_usual_is_answered():
    far = np.concatenate([MOONS[:40], MOONS[:40] + 1000])
    labels = np.full(80, -1)
    labels[:3] = [0, 0, 1]
    algorithm = Propagation()

    learnt = algorithm.fit(far, labels, context_of(algorithm, neighbours=5))

    assert algorithm.answer(learnt, np.array([[1000.0, 1000.0]])) == pytest.approx(
        np.array([[2 / 3, 1 / 3]])
    )


@pytest.mark.parametrize("algorithm", [SelfTraining(), Propagation()])
def test_some_truth_is_needed_all_the_same(algorithm):
    schema = schema_of({"y": CLASSES})
    rows = Decoder(schema).records([{"x0": x, "x1": y} for x, y in MOONS[:30].tolist()])
    context = TrainingContext(schema, algorithm.Parameters(), Path())

    with pytest.raises(InvalidData, match="No row of the training data holds the truth"):
        algorithm.train(TrainingData(rows, {"y": np.full(30, -1, np.int32)}), context)
    one = np.where(np.arange(30) < 9, 1, -1)
    with pytest.raises(InvalidData, match="at least two classes"):
        algorithm.train(TrainingData(rows, {"y": one}), context)


@pytest.mark.parametrize(
    ("algorithm", "output"),
    [
        (KMeans(), {"y": NUMBER}),
        (Dbscan(), {"y": {"type": "integer"}, "z": {"type": "integer"}}),
        (IsolationForest(), {"y": NUMBER}),
        (PrincipalComponents(), {"y": NUMBER, "z": {"type": "boolean"}}),
    ],
)
def test_another_output_is_pointed_at(algorithm, output):
    context = TrainingContext(schema_of(output), algorithm.Parameters(), Path())

    with pytest.raises(InvalidConfiguration) as caught:
        algorithm.train(TrainingData(None, {}), context)
    assert caught.value.faults[0].where.startswith("/schema/output")
