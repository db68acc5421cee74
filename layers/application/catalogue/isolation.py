"""`forest.anomalies`: how few cuts part a row from all others (isolation forest)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import FieldType, Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.forest import laid, leaves
from minerva.layers.application.catalogue.supervised import Learnt, sklearn
from minerva.layers.application.catalogue.unsupervised import ANOMALIES, Unsupervised

LEAST_SPREAD = 1e-9


class IsolationParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `forest.anomalies`."""

    share: Annotated[
        float,
        Meta(gt=0, le=0.5, description="Share of the training rows that are taken for anomalies"),
    ] = 0.02
    trees: Annotated[int, Meta(ge=1, le=2000, description="How many trees are grown")] = 200
    rows_per_tree: Annotated[
        int, Meta(ge=2, le=100_000, description="Rows that a tree sees, chosen at random")
    ] = 256


class IsolationForest(Unsupervised):
    """Whether a row is unlike the others, as the mean of many random trees."""

    name = "forest.anomalies"
    example = "examples/catalogue/services/tumours-isolation.yaml"
    problem = ANOMALIES
    Parameters = IsolationParameters
    output = FieldType.BOOLEAN
    scaled = False

    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Grow the trees; a leaf says how many cuts lead to it, and how many more its rows would need."""
        wanted: IsolationParameters = context.parameters
        forest = sklearn("ensemble").IsolationForest(
            n_estimators=wanted.trees,
            max_samples=min(wanted.rows_per_tree, len(rows)),
            random_state=context.seed,
            n_jobs=context.threads,
        )
        trees = [grown.tree_ for grown in forest.fit(rows).estimators_]
        learnt = laid(trees, [_cuts(tree) for tree in trees])
        most = float(_cuts_of(np.array([forest.max_samples_]))[0])
        learnt["most"] = np.array([most if most > 0 else 1.0])
        oddness = self.oddness(learnt, rows)
        border = float(np.quantile(oddness, 1 - wanted.share))
        return {**learnt, "border": np.array([border, max(oddness.std(), LEAST_SPREAD)])}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return 0.5 at the border, more beyond: a number that orders rows, not a frequency."""
        border, spread = learnt["border"]
        return np.asarray(1 / (1 + np.exp(-(self.oddness(learnt, rows) - border) / spread)))

    def oddness(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> Matrix:
        """Return shape (n,), from 0 to 1, more for odder rows (Liu, Ting, Zhou, 2008)."""
        cuts = learnt["said"][leaves(learnt, rows.astype(np.float32))]
        return np.asarray(2.0 ** -(cuts.mean(axis=1) / learnt["most"][0]), np.float64)


def _cuts(tree: Any) -> Matrix:
    """Return for each node how many cuts isolate a row that ends there."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # parents come before their children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return depth + _cuts_of(tree.n_node_samples)


def _cuts_of(rows: NDArray[Any]) -> Matrix:
    """Return how many cuts isolate one of so many rows on the average: 2·H(n-1) - 2(n-1)/n."""
    count = np.maximum(rows.astype(np.float64), 1)
    harmonic = np.log(np.maximum(count - 1, 1)) + np.euler_gamma
    usual = 2 * harmonic - 2 * (count - 1) / count
    return np.where(count <= 1, 0.0, np.where(count <= 2, 1.0, usual))  # noqa: PLR2004 - two rows need one cut
