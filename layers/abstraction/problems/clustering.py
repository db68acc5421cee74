"""Clustering: groups of rows that lie close together; no truth is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import (
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    labelled,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.layers.abstraction.problems.space import Points, distances, points, sample
from minerva.schema import Field, FieldType, Schema

Labels = NDArray[np.int64]
NOISE = -1
"""The whole number that says of a row that it is in no cluster."""


@dataclass(frozen=True)
class Clustering:
    """Tells which cluster a row belongs to."""

    name: str = "clustering"
    truth: Truth = "none"
    truths: int | None = None
    resampled: bool = False
    wants: str = "an integer: the cluster's number, -1 for none"
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "clusters of the same sizes, drawn by lot"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(schema, frozenset({FieldType.INTEGER}), self.wants)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`: there is no truth to look at."""

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("silhouette", "davies_bouldin", "clustered", "adjusted_rand", "purity")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("silhouette",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Look at how close rows are that are told to belong together; where there is truth, at it too."""
        chosen, known = sample(len(rows)), labelled(rows)
        labels = np.rint(np.asarray(outputs[rows.output[0]])).astype(np.int64)
        found = cluster_metrics(points(rows.take(chosen).data.inputs), labels[chosen])
        return found | agreement(rows.data.target()[known], labels[known])

    def live(self, schema: Schema) -> Live:
        """Look at all rows, and at the classes that are told of some."""
        return replace(first_output(schema), inputs=True)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Answer as if clusters meant nothing: nobody is closer to the own one."""
        return Simple(self.baseline, {"silhouette": 0.0})


def cluster_metrics(at: Points, labels: Labels) -> dict[str, float]:
    """Return metric → value, NaN for fewer than two clusters; `at` is of shape (n, width), labels (n,)."""
    inside = labels != NOISE
    clusters = np.unique(labels[inside])
    if len(clusters) < 2:  # noqa: PLR2004 - one cluster has no neighbour
        return {
            "silhouette": float("nan"),
            "davies_bouldin": float("nan"),
            "clustered": float(inside.mean()),
        }
    own = np.searchsorted(clusters, labels[inside])
    near = silhouettes(at[inside], own, len(clusters))
    return {
        "silhouette": float(near.sum() / len(labels)),
        "davies_bouldin": davies_bouldin(at[inside], own, len(clusters)),
        "clustered": float(inside.mean()),
    }


def agreement(truth: NDArray[Any], labels: Labels) -> dict[str, float]:
    """Return how well clusters are the true classes, none without rows; each of shape (n,).

    The adjusted Rand index (Hubert, Arabie, 1985), and purity.
    """
    if not len(truth):
        return {}
    _, rows = np.unique(truth, return_inverse=True)
    _, columns = np.unique(labels, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    both, ours, theirs, all_ = (
        float((part * (part - 1) / 2).sum())
        for part in (table, table.sum(axis=0), table.sum(axis=1), table.sum())
    )
    chance = ours * theirs / all_ if all_ else 0.0
    most = (ours + theirs) / 2
    rand = (both - chance) / (most - chance) if most > chance else 1.0
    return {"adjusted_rand": rand, "purity": float(table.max(axis=0).sum() / len(truth))}


def silhouettes(at: Points, own: Labels, count: int) -> Points:
    """Return each row's silhouette (Rousseeuw, 1987), shape (n,); 0 for the only row of a cluster."""
    members = own[:, np.newaxis] == np.arange(count)
    sizes = members.sum(axis=0)
    summed = distances(at, at) @ members
    rows = np.arange(len(own))
    within = summed[rows, own] / np.maximum(sizes[own] - 1, 1)
    between = summed / sizes
    between[rows, own] = np.inf
    nearest = between.min(axis=1)
    most = np.maximum(within, nearest)
    told = np.divide(nearest - within, most, out=np.zeros_like(most), where=most > 0)
    return np.where(sizes[own] > 1, told, 0.0)


def davies_bouldin(at: Points, own: Labels, count: int) -> float:
    """Return the mean over clusters of the worst ratio of widths to distance (Davies, Bouldin, 1979)."""
    centres = np.array([at[own == one].mean(axis=0) for one in range(count)])
    widths = np.array([_far(at[own == one], centres[one]) for one in range(count)])
    apart = distances(centres, centres)
    apart[apart == 0] = np.inf
    ratios = (widths[:, np.newaxis] + widths) / apart
    np.fill_diagonal(ratios, 0)
    return float(ratios.max(axis=1).mean())


def _far(at: Points, centre: NDArray[Any]) -> float:
    return float(np.sqrt(((at - centre) ** 2).sum(axis=1)).mean())
