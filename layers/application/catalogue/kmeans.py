"""`kmeans.clusters`: rows are parted into so many groups, each around its mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import FieldType, InvalidData, Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.nearest import nearest
from minerva.layers.application.catalogue.supervised import Learnt, sklearn
from minerva.layers.application.catalogue.unsupervised import CLUSTERING, Unsupervised


class KMeansParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `kmeans.clusters`."""

    clusters: Annotated[
        int, Meta(ge=2, le=1000, description="How many clusters; the largest one is number 0")
    ] = 4
    starts: Annotated[
        int, Meta(ge=1, le=1000, description="How often it begins anew; the best end counts")
    ] = 10


class KMeans(Unsupervised):
    """Which of some clusters a row belongs to: the one whose mean is nearest."""

    name = "kmeans.clusters"
    example = "examples/catalogue/services/iris-kmeans.yaml"
    problem = CLUSTERING
    Parameters = KMeansParameters
    output = FieldType.INTEGER
    search_space = {"clusters": {"low": 2, "high": 12}}  # noqa: RUF012 - nobody changes it

    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Find the means, largest cluster first. Raises InvalidData for fewer different rows."""
        wanted: KMeansParameters = context.parameters
        different = len(np.unique(rows, axis=0))
        if different < wanted.clusters:
            raise InvalidData(
                f"There are {different} different rows, and {wanted.clusters} clusters are wanted: "
                "lower `clusters`."
            )
        found = sklearn("cluster").KMeans(
            wanted.clusters, n_init=wanted.starts, random_state=context.seed
        )
        labels = found.fit(rows).labels_
        sizes = np.bincount(labels, minlength=wanted.clusters)
        return {"centres": found.cluster_centers_[np.argsort(-sizes, kind="stable")]}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return the number of the nearest mean."""
        places, _ = nearest(learnt["centres"], rows, 1)
        return places[:, 0].astype(np.float64)
