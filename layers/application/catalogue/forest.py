"""`forest.regressor` and `forest.classifier`: the mean of many trees, each grown on other rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Parameters, TrainingContext
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    REGRESSION,
    Learnt,
    Supervised,
    sklearn,
)

SEARCH_SPACE = {
    "max_depth": {"low": 3, "high": 24},
    "min_rows_in_leaf": {"low": 1, "high": 50, "log": True},
    "share_of_fields": {"low": 0.1, "high": 1.0},
}
LEAF = -1
"""scikit-learn's mark of a node without children."""


class ForestParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of both."""

    trees: Annotated[int, Meta(ge=1, le=2000, description="How many trees are grown")] = 200
    max_depth: Annotated[int, Meta(ge=1, le=64, description="Deepest tree")] = 16
    min_rows_in_leaf: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Least rows in a leaf; more is more cautious")
    ] = 3
    share_of_fields: Annotated[
        float, Meta(gt=0, le=1, description="Share of the columns that a split may look at")
    ] = 0.4


class _Forest(Supervised):
    Parameters = ForestParameters
    search_space = SEARCH_SPACE
    scaled = False

    def fit(self, rows: Matrix, truth: NDArray[Any], context: TrainingContext) -> Learnt:
        """Grow the trees, and lay their nodes one after the other."""
        wanted: ForestParameters = context.parameters
        kind = "RandomForestRegressor" if self.number else "RandomForestClassifier"
        forest = getattr(sklearn("ensemble"), kind)(
            n_estimators=wanted.trees,
            max_depth=wanted.max_depth,
            min_samples_leaf=wanted.min_rows_in_leaf,
            max_features=wanted.share_of_fields,
            random_state=context.seed,
            n_jobs=context.threads,
        )
        forest.fit(rows, truth)
        trees = [grown.tree_ for grown in forest.estimators_]
        return laid(trees, [_said(tree, number=self.number) for tree in trees])

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Let each row fall through each tree, and return the mean of the leaves."""
        reached = leaves(learnt, rows.astype(np.float32))
        return np.asarray(learnt["said"][reached].mean(axis=1), np.float64)


class ForestRegressor(_Forest):
    """A number as the mean of many trees."""

    name = "forest.regressor"
    example = "examples/catalogue/services/diabetes-forest.yaml"
    instead = "forest.classifier"
    problem = REGRESSION


class ForestClassifier(_Forest):
    """Which class, as the mean of many trees."""

    name = "forest.classifier"
    example = "examples/catalogue/services/tumours-forest.yaml"
    instead = "forest.regressor"
    problem = CLASSIFICATION


def laid(trees: list[Any], said: list[NDArray[Any]]) -> Learnt:
    """Return the nodes of scikit-learn's trees one after the other: a leaf is its own child on both sides.

    `said` is what each node of a tree answers, first axis its nodes.
    """
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    parts: dict[str, list[NDArray[Any]]] = {
        name: [] for name in ("column", "below", "left", "right")
    }
    for start, tree in zip(starts, trees, strict=False):
        leaf = tree.children_left == LEAF
        own = np.arange(tree.node_count)
        parts["column"].append(np.where(leaf, 0, tree.feature))
        parts["below"].append(np.where(leaf, 0.0, tree.threshold))
        parts["left"].append(start + np.where(leaf, own, tree.children_left))
        parts["right"].append(start + np.where(leaf, own, tree.children_right))
    learnt: Learnt = {name: np.concatenate(part) for name, part in parts.items()}
    for name in ("column", "left", "right"):
        learnt[name] = learnt[name].astype(np.int32)
    roots = starts[:-1].astype(np.int32)
    return {**learnt, "said": np.concatenate(said), "roots": roots, "depth": _depth(trees)}


def _said(tree: Any, *, number: bool) -> NDArray[Any]:
    said = tree.value[:, 0, :]
    return np.asarray(said[:, 0] if number else said / said.sum(axis=1, keepdims=True))


def _depth(trees: list[Any]) -> NDArray[np.int64]:
    return np.array([max(tree.max_depth for tree in trees)])


def leaves(learnt: Mapping[str, NDArray[Any]], rows: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the leaf that each row reaches in each tree, shape (n, trees)."""
    nodes = np.repeat(learnt["roots"][np.newaxis], len(rows), axis=0)
    at = np.arange(len(rows))[:, np.newaxis]
    for _ in range(int(learnt["depth"][0])):
        values = rows[at, learnt["column"][nodes]]
        nodes = np.where(
            values <= learnt["below"][nodes], learnt["left"][nodes], learnt["right"][nodes]
        )
    return nodes
