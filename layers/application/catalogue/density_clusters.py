"""`dbscan.clusters` and `hdbscan.clusters`: groups of any shape where rows lie close, and noise between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import FieldType, InvalidData, Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.nearest import nearest
from minerva.layers.application.catalogue.supervised import Learnt, sampled, sklearn
from minerva.layers.application.catalogue.unsupervised import CLUSTERING, Unsupervised

NOISE = -1
LEAST = 1e-9
"""A radius among rows that are all the same."""
USUAL = 0.9
"""Share of the rows that have their neighbours within the radius that is taken unless one is given."""
Neighbours = Annotated[
    int, Meta(ge=2, le=1000, description="Rows, itself too, that make a place dense")
]
MostRows = Annotated[
    int, Meta(ge=20, le=100_000, description="Rows that are learnt from, chosen at random beyond")
]


class DbscanParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `dbscan.clusters`."""

    radius: Annotated[
        float,
        Meta(ge=0, le=1e6, description="How far neighbours are, in deviations; 0: measured"),
    ] = 0.0
    neighbours: Neighbours = 5
    max_rows: MostRows = 10_000


class HdbscanParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `hdbscan.clusters`."""

    smallest: Annotated[
        int, Meta(ge=2, le=100_000, description="Fewest rows that are a cluster")
    ] = 15
    neighbours: Neighbours = 5
    max_rows: MostRows = 10_000


class _DensityClusters(Unsupervised):
    problem = CLUSTERING
    output = FieldType.INTEGER

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return the cluster of the nearest row that is in one, unless that is too far."""
        places, far = nearest(learnt["rows"], rows, 1)
        cluster = learnt["cluster"][places[:, 0]]
        return np.where(far[:, 0] <= learnt["reach"][cluster], cluster, NOISE).astype(np.float64)


class Dbscan(_DensityClusters):
    """Which dense place a row lies in, -1 for none (DBSCAN)."""

    name = "dbscan.clusters"
    example = "examples/catalogue/services/iris-dbscan.yaml"
    Parameters = DbscanParameters
    search_space = {"neighbours": {"low": 3, "high": 12}}  # noqa: RUF012 - nobody changes it

    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Keep the rows whose surroundings are dense. Raises InvalidData if there are none."""
        wanted: DbscanParameters = context.parameters
        rows = rows[sampled(len(rows), wanted.max_rows, context.seed)]
        radius = wanted.radius or usual_radius(rows, wanted.neighbours)
        found = sklearn("cluster").DBSCAN(eps=radius, min_samples=wanted.neighbours).fit(rows)
        core = found.core_sample_indices_
        if not len(core):
            raise InvalidData(
                f"Nowhere are {wanted.neighbours} rows within {radius:g} of each other: raise `radius`."
            )
        cluster = _by_size(found.labels_)[core]
        return {"rows": rows[core], "cluster": cluster, "reach": np.full(cluster.max() + 1, radius)}


class Hdbscan(_DensityClusters):
    """Which dense place a row lies in, -1 for none; places may differ in density (HDBSCAN)."""

    name = "hdbscan.clusters"
    example = "examples/catalogue/services/iris-hdbscan.yaml"
    Parameters = HdbscanParameters

    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Keep the rows of clusters; a cluster reaches as far as its loneliest row's neighbours are."""
        wanted: HdbscanParameters = context.parameters
        rows = rows[sampled(len(rows), wanted.max_rows, context.seed)]
        if len(rows) <= max(wanted.smallest, wanted.neighbours):
            raise InvalidData(f"{len(rows)} rows are too few for clusters of {wanted.smallest}.")
        found = sklearn("cluster").HDBSCAN(
            min_cluster_size=wanted.smallest, min_samples=wanted.neighbours, copy=True
        )
        labels = _by_size(found.fit(rows).labels_)
        inside = np.flatnonzero(labels != NOISE)
        if not len(inside):
            raise InvalidData(f"No {wanted.smallest} rows are a cluster: lower `smallest`.")
        cluster = labels[inside]
        reach = np.zeros(cluster.max() + 1)
        np.maximum.at(reach, cluster, _far(rows, wanted.neighbours)[inside])
        return {"rows": rows[inside], "cluster": cluster, "reach": reach}


def usual_radius(rows: Matrix, neighbours: int) -> float:
    """Return within which distance most rows have so many neighbours, themselves counted."""
    radius = float(np.quantile(_far(rows, neighbours), USUAL))
    return radius if radius > 0 else LEAST


def _far(rows: Matrix, neighbours: int) -> Matrix:
    """Return how far the last of so many neighbours is, the row itself counted; shape (n,)."""
    count = min(neighbours, len(rows))
    known = sklearn("neighbors").NearestNeighbors(n_neighbors=count).fit(rows)
    return np.asarray(known.kneighbors(rows)[0][:, -1], np.float64)


def _by_size(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Number the clusters anew, the largest one 0; noise stays what it is."""
    sizes = np.bincount(labels[labels != NOISE], minlength=1)
    number = np.empty(len(sizes), np.int64)
    number[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.where(labels == NOISE, NOISE, number[labels])
