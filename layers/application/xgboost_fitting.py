"""Boosting in the training process: validation rows, weights, early stopping, progress."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva import AlgorithmFailed, TrainingContext, TrainingData
from minerva.layers.application.models.libraries import xgboost_library
from minerva.layers.application.xgboost_booster import feature_names, feature_types

if TYPE_CHECKING:
    from xgboost import DMatrix
    from xgboost.callback import TrainingCallback

    from minerva.layers.application.xgboost_parameters import TreeParameters

MIN_ROWS_TO_VALIDATE = 200
"""Below this the rows teach more than they could tell about the best round."""
METRICS = {
    "binary": "logloss",
    "multi": "mlogloss",
    "reg": "rmse",
    "count": "poisson-nloglik",
}
VALIDATION = "validation"
LOCATION = re.compile(r"^\[[^]]*\] \S+: ")
"""The time and source line that XGBoost puts before its own message."""


@dataclass(frozen=True)
class Task:
    """What is learnt: an objective, its labels and what each row weighs."""

    objective: str
    labels: NDArray[np.float64]
    classes: int = 0
    weights: NDArray[np.float64] | None = None

    @property
    def metric(self) -> str:
        """Name of the loss that early stopping watches."""
        return METRICS[self.objective.partition(":")[0]]


def balanced_weights(labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return one weight per row, so that every class present weighs the same and the mean is 1."""
    _, position, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(len(labels) / (len(counts) * counts[position]), dtype=np.float64)


def validation_rows(
    labels: NDArray[Any], share: float, seed: int, *, stratified: bool
) -> NDArray[np.bool_]:
    """Mark the rows that only judge; the same share of each class if `stratified`, rounded down."""
    chosen = np.zeros(len(labels), dtype=bool)
    if len(labels) < MIN_ROWS_TO_VALIDATE:
        return chosen
    random = np.random.default_rng(seed)
    groups = np.unique(labels) if stratified else [None]
    for group in groups:
        rows = np.arange(len(labels)) if group is None else np.flatnonzero(labels == group)
        chosen[random.permutation(rows)[: int(len(rows) * share)]] = True
    return chosen


def fit(data: TrainingData, task: Task, context: TrainingContext) -> tuple[bytes, dict[str, Any]]:
    """Boost and return the model's UBJ bytes up to its best round, with facts about the training.

    Raises AlgorithmFailed if XGBoost itself gives up.
    """
    xgboost = xgboost_library()

    try:
        return _fit(data, task, context)
    except xgboost.core.XGBoostError as error:
        reason = LOCATION.sub("", str(error).partition("\n")[0])
        raise AlgorithmFailed(f"XGBoost could not train: {reason}.") from error


def _fit(data: TrainingData, task: Task, context: TrainingContext) -> tuple[bytes, dict[str, Any]]:
    xgboost = xgboost_library()

    wanted: TreeParameters = context.parameters
    features = data.inputs.matrix()
    judging = _judging(task, context)
    stopping = bool(judging.any())
    booster = xgboost.train(
        settings(task, context),
        _rows(features, task, context, ~judging),
        wanted.n_estimators,
        evals=[(_rows(features, task, context, judging), VALIDATION)] if stopping else [],
        early_stopping_rounds=wanted.early_stopping_rounds if stopping else None,
        callbacks=[_reporter(context, wanted.n_estimators, task.metric)],
        verbose_eval=False,
    )
    facts: dict[str, Any] = {"validation_rows": int(judging.sum())}
    if stopping:
        facts[f"validation_{task.metric}"] = float(booster.best_score)
        booster = booster[: booster.best_iteration + 1]
    facts["rounds"] = booster.num_boosted_rounds()
    context.progress(1.0, f"kept {facts['rounds']} of at most {wanted.n_estimators} rounds")
    return bytes(booster.save_raw("ubj")), facts


def _judging(task: Task, context: TrainingContext) -> NDArray[np.bool_]:
    wanted: TreeParameters = context.parameters
    share = wanted.validation_share if wanted.early_stopping_rounds else 0.0
    return validation_rows(task.labels, share, context.seed, stratified=task.classes > 0)


def settings(task: Task, context: TrainingContext) -> dict[str, Any]:
    """Return XGBoost's own parameters."""
    wanted: TreeParameters = context.parameters
    named: dict[str, Any] = {
        "objective": task.objective,
        "eval_metric": task.metric,
        "tree_method": "hist",
        "nthread": context.threads,
        "seed": context.seed,
        "max_depth": wanted.max_depth,
        "learning_rate": wanted.learning_rate,
        "subsample": wanted.subsample,
        "colsample_bytree": wanted.colsample_bytree,
        "min_child_weight": wanted.min_child_weight,
        "reg_lambda": wanted.reg_lambda,
        "reg_alpha": wanted.reg_alpha,
        "gamma": wanted.gamma,
        "max_bin": wanted.max_bin,
    }
    if task.objective.startswith("multi:"):
        named["num_class"] = task.classes
    if any(wanted.monotone.values()):
        directions = [str(wanted.monotone.get(name, 0)) for name in context.schema.features]
        named["monotone_constraints"] = f"({','.join(directions)})"
    return named


def _rows(
    features: NDArray[np.float32], task: Task, context: TrainingContext, mask: NDArray[np.bool_]
) -> DMatrix:
    xgboost = xgboost_library()

    rows: DMatrix = xgboost.DMatrix(
        features[mask],
        label=task.labels[mask],
        weight=None if task.weights is None else task.weights[mask],
        feature_names=feature_names(context.schema),
        feature_types=feature_types(context.schema),
        nthread=context.threads,
    )
    return rows


def _reporter(context: TrainingContext, rounds: int, metric: str) -> TrainingCallback:
    """Tell each whole percent once; rounds may be far more frequent than that."""
    from xgboost.callback import TrainingCallback

    class Reporter(TrainingCallback):
        told = -1

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            del model
            percent = 100 * (epoch + 1) // rounds
            if percent > self.told:
                self.told = percent
                losses = evals_log.get(VALIDATION, {}).get(metric, [])
                loss = f", {metric} {losses[-1]:.4f}" if losses else ""
                context.progress(percent / 100, f"round {epoch + 1} of {rounds}{loss}")
                if losses:
                    context.report(percent, losses[-1])
            return False

    return Reporter()
