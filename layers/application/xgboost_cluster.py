"""Boosting on a cluster: each worker bins its own rows, and all of them grow the same trees.

A worker's memory holds two bytes per value (about five where values are missing): XGBoost is given the rows
again and again from the worker's disk, and keeps bins only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva import AlgorithmFailed, InvalidData, TrainingContext
from minerva.cluster import Cluster, Rows, Share
from minerva.errors import Fault, Unavailable
from minerva.layers.application.models.libraries import xgboost_library
from minerva.layers.application.xgboost_booster import feature_names, feature_types
from minerva.layers.application.xgboost_fitting import (
    LOCATION,
    MIN_ROWS_TO_VALIDATE,
    VALIDATION,
    Task,
    settings,
)

if TYPE_CHECKING:
    from xgboost import Booster, DataIter, QuantileDMatrix
    from xgboost.callback import TrainingCallback

    from minerva.layers.application.xgboost_parameters import TreeParameters

GATHERING_S = 600
"""So long all workers may take to begin; one of them may have other work."""
LARGEST = float(np.finfo(np.float32).max)
LOST_EACH_OTHER = ("collective", "socket", "tracker", "allreduce", "allgather", "rabit")
"""Words in XGBoost's error where not its own worker is the reason."""


@dataclass(frozen=True)
class Boosting:
    """What every worker is told."""

    settings: Mapping[str, Any]
    rounds: int
    stop_after: int
    """Rounds without improvement; 0 never stops."""
    validation_share: float
    weights: Mapping[float, float] | None
    target: str
    names: list[str]
    types: list[str]

    @property
    def metric(self) -> str:
        """The loss that is watched."""
        return str(self.settings["eval_metric"])


@dataclass(frozen=True)
class Boosted:
    """What a worker tells at the end; the trees are the same on all."""

    raw: bytes
    validation_rows: int
    best_loss: float | None
    rounds: int


def fit_on(cluster: Cluster, task: Task, context: TrainingContext) -> tuple[bytes, dict[str, Any]]:
    """Boost on all workers; return as `xgboost_fitting.fit` does.

    `task` has no labels: they are where the rows are. Raises Unavailable if workers lose each other.
    """
    wanted: TreeParameters = context.parameters
    share = wanted.validation_share if wanted.early_stopping_rounds else 0.0
    boosting = Boosting(
        settings=settings(task, context),
        rounds=wanted.n_estimators,
        stop_after=wanted.early_stopping_rounds,
        validation_share=share if cluster.rows >= MIN_ROWS_TO_VALIDATE else 0.0,
        weights=_balanced(cluster) if _weighted(wanted) else None,
        target=context.schema.target()[0],
        names=feature_names(context.schema),
        types=feature_types(context.schema),
    )
    meeting = cluster.first(meet)
    done: list[Boosted] = list(cluster.together(boost, meeting, boosting))
    facts: dict[str, Any] = {"validation_rows": sum(one.validation_rows for one in done)}
    if done[0].best_loss is not None:
        facts[f"validation_{task.metric}"] = done[0].best_loss
    facts["rounds"] = done[0].rounds
    context.progress(1.0, f"kept {facts['rounds']} of at most {wanted.n_estimators} rounds")
    return done[0].raw, facts


def _weighted(wanted: TreeParameters) -> bool:
    return getattr(wanted, "class_weight", "none") == "balanced"


def _balanced(cluster: Cluster) -> dict[float, float]:
    """Return each class's weight, as `balanced_weights` gives it to its rows."""
    present = {value: count for value, count in cluster.counts.items() if count}
    return {value: cluster.rows / (len(present) * count) for value, count in present.items()}


def meet(share: Share) -> dict[str, Any]:
    """Start what introduces the workers to each other; return how they find it."""
    xgboost_library()
    from xgboost.core import XGBoostError
    from xgboost.tracker import RabitTracker

    tracker = RabitTracker(
        n_workers=share.workers, host_ip=share.host, sortby="task", timeout=GATHERING_S
    )
    tracker.start()

    def serve() -> None:
        try:
            tracker.wait_for()
        except XGBoostError:
            pass  # a worker was lost, and the others say so
        finally:
            tracker.free()

    Thread(target=serve, daemon=True).start()
    return dict(tracker.worker_args())


def boost(share: Share, meeting: Mapping[str, Any], boosting: Boosting) -> Boosted:
    """Grow the trees; runs on all workers at the same time."""
    xgboost = xgboost_library()
    from xgboost.dask import CommunicatorContext

    try:
        with CommunicatorContext(**meeting), xgboost.config_context(verbosity=0):
            return _boost(share, boosting)
    except xgboost.core.XGBoostError as error:
        raise _translated(str(error)) from error


def _boost(share: Share, boosting: Boosting) -> Boosted:
    xgboost = xgboost_library()

    rows = _binned(share, boosting, validating=False)
    judging = _binned(share, boosting, validating=True, like=rows)
    stopping = _somewhere(judging.num_row() > 0)
    booster: Booster = xgboost.train(
        {**boosting.settings, "nthread": share.threads},
        rows,
        boosting.rounds,
        evals=[(judging, VALIDATION)] if stopping else [],
        early_stopping_rounds=boosting.stop_after if stopping and boosting.stop_after else None,
        callbacks=[_reporter(share, boosting)],
        verbose_eval=False,
    )
    best_loss = float(booster.best_score) if stopping else None
    if stopping:
        booster = booster[: booster.best_iteration + 1]
    raw = bytes(booster.save_raw("ubj")) if share.rank == 0 else b""
    return Boosted(raw, judging.num_row(), best_loss, booster.num_boosted_rounds())


def _somewhere(here: bool) -> bool:  # noqa: FBT001 - the one thing that it is about
    """Whether it is so on any worker."""
    from xgboost import collective

    return bool(collective.allreduce(np.array([here], dtype=np.int32), collective.Op.MAX)[0])


def _binned(
    share: Share, boosting: Boosting, *, validating: bool, like: QuantileDMatrix | None = None
) -> QuantileDMatrix:
    xgboost = xgboost_library()

    binned: QuantileDMatrix = xgboost.QuantileDMatrix(
        _iterator(share, boosting, validating=validating),
        ref=like,
        nthread=share.threads,
        max_bin=boosting.settings["max_bin"],
    )
    return binned


def _iterator(share: Share, boosting: Boosting, *, validating: bool) -> DataIter:
    """Return what hands XGBoost the worker's rows from the start, as often as it asks."""
    from xgboost import DataIter

    class Blocks(DataIter):
        def __init__(self) -> None:
            super().__init__(release_data=True)
            self._rows: Iterator[Rows] = iter(())

        def reset(self) -> None:
            self._rows = _chosen(share, boosting, validating=validating)

        def next(self, input_data: Callable[..., None]) -> bool:
            rows = next(self._rows, None)
            if rows is None:
                return False
            share.progress(0.0, "binning")
            input_data(
                data=rows.matrix,
                label=_labels(rows.target, boosting.target),
                weight=None
                if boosting.weights is None
                else _weights(rows.target, boosting.weights),
                feature_names=boosting.names,
                feature_types=boosting.types,
            )
            return True

    return Blocks()


def _chosen(share: Share, boosting: Boosting, *, validating: bool) -> Iterator[Rows]:
    """Yield the rows to learn from or those that judge; an empty part if there are none."""
    empty = True
    for rows in share.rows():
        mask = (rows.chance < boosting.validation_share) == validating
        if mask.any():
            empty = False
            yield Rows(rows.matrix[mask], rows.target[mask], rows.chance[mask])
    if empty:
        nothing = np.empty(0)
        yield Rows(np.empty((0, len(boosting.names)), np.float32), nothing, nothing)


def _labels(target: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    beyond = int((np.abs(target) > LARGEST).sum())
    if beyond:
        raise InvalidData(
            f"The training data cannot be learnt from: {beyond} rows or more have no usable {name!r}.",
            faults=[Fault(f'column "{name}"', "is beyond 3.4e38, the most XGBoost can hold")],
        )
    return target


def _weights(target: NDArray[np.float64], weights: Mapping[float, float]) -> NDArray[np.float64]:
    values = np.array(sorted(weights))
    each = np.array([weights[value] for value in values.tolist()])
    picked: NDArray[np.float64] = each[np.searchsorted(values, target)]
    return picked


def _reporter(share: Share, boosting: Boosting) -> TrainingCallback:
    from xgboost.callback import TrainingCallback

    class Reporter(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            del model
            losses = evals_log.get(VALIDATION, {}).get(boosting.metric, [])
            loss = f", {boosting.metric} {losses[-1]:.4f}" if losses else ""
            done = (epoch + 1) / boosting.rounds
            share.progress(done, f"round {epoch + 1} of {boosting.rounds}{loss}")
            return False

    return Reporter()


def _translated(message: str) -> Unavailable | AlgorithmFailed:
    if any(word in message.lower() for word in LOST_EACH_OTHER):
        return Unavailable(
            "The Dask workers lost each other in training: one of them ended, or they may not connect "
            "to each other.",
            retry_after_s=10,
        )
    reason = LOCATION.sub("", message.partition("\n")[0])
    return AlgorithmFailed(f"XGBoost could not train: {reason}.")
