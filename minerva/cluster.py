"""Training on a cluster: what an algorithm gets that learns from rows which no one machine holds.

The rows lie on the disks of the cluster's workers, decoded and split. The algorithm sends functions there:

    class Mean(Algorithm):
        …
        def train_on(self, cluster, context):
            sums = cluster.together(add_up)
            return MeanModel(sum(sums) / cluster.rows, context.schema.target()[0])

    def add_up(share):
        return sum(float(rows.target.sum()) for rows in share.rows())

Functions and their arguments are pickled, so functions stand in a module that the workers can import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Model, TrainingContext


@dataclass(frozen=True, eq=False)
class Rows:
    """Some training rows."""

    matrix: NDArray[np.float32]
    """Shape (n, features), as `Batch.matrix` gives it: NaN where missing, categories as their index."""
    target: NDArray[np.float64]
    """Shape (n,): the first output's truth; a category as its index."""
    chance: NDArray[np.float64]
    """Shape (n,), at least 0 and below 1: drawn by the row's values and the seed, wherever the row lies."""


class Share(Protocol):
    """What one worker has of the training rows. Workers are numbered from 0: their ranks."""

    @property
    def rank(self) -> int: ...

    @property
    def workers(self) -> int: ...

    @property
    def threads(self) -> int:
        """How many CPU threads the work may use."""

    @property
    def host(self) -> str:
        """Name or IP address by which the other workers reach this one."""

    def rows(self) -> Iterator[Rows]:
        """Yield all rows of this worker, a bounded number at a time, each time in the same order."""

    def progress(self, fraction: float, message: str = "") -> None:
        """Report as `minerva.algorithm.Progress` does. Call it often: it raises when nobody waits."""


class Cluster(Protocol):
    """The training rows, and the workers that hold them."""

    @property
    def workers(self) -> int:
        """How many workers hold rows."""

    @property
    def rows(self) -> int: ...

    @property
    def counts(self) -> Mapping[float, int]:
        """Value of the first output → how many rows have it; empty where it is a number."""

    def first(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return `work(share, *arguments)` as done on the worker of rank 0."""

    def together(self, work: Callable[..., Any], *arguments: Any) -> Sequence[Any]:
        """Return `work(share, *arguments)` of every worker by rank; all of them run at the same time.

        Raises what `work` raised (a MinervaError as it is, all else as AlgorithmFailed), or Unavailable if
        a worker was lost.
        """


@runtime_checkable
class TrainsOnCluster(Protocol):
    """An algorithm that can also learn on a cluster (`engine:` under `training`)."""

    def train_on(self, cluster: Cluster, context: TrainingContext) -> Model:
        """Learn a model, in the job's process; the same rows, workers and seed give the same model."""
