"""The metrics that there are: one name, one meaning, one direction, whatever the kind of problem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What a number tells of a model."""

    meaning: str
    smaller_is_better: bool = False


METRICS = {
    "roc_auc": Metric("chance that a row of a class scores above one of the others"),
    "log_loss": Metric("mean surprise at the truth", smaller_is_better=True),
    "brier": Metric("mean squared error of the probabilities", smaller_is_better=True),
    "accuracy": Metric("share of the rows whose class is right"),
    "balanced_accuracy": Metric("the same, each class counting as much as any other"),
    "rmse": Metric("root of the mean squared error, in the output's unit", smaller_is_better=True),
    "mae": Metric("mean error, in the output's unit", smaller_is_better=True),
    "r2": Metric("share of the output's variance that is told"),
    "silhouette": Metric("from -1 to 1, how much closer rows are to their own cluster; noise is 0"),
    "davies_bouldin": Metric(
        "how wide clusters are beside their distances", smaller_is_better=True
    ),
    "clustered": Metric("share of the rows that are in a cluster, not noise"),
    "adjusted_rand": Metric("agreement of clusters with true classes, where told; by chance 0"),
    "purity": Metric("share of the rows whose class is the most frequent one of their cluster"),
    "hit_rate": Metric("share of what happened that lies in hot spots"),
    "pai": Metric("that share by the hot spots' share of the area (predictive accuracy index)"),
    "average_precision": Metric("precision, the mean over all recalls"),
    "flagged": Metric("share of the rows that are told to be anomalies", smaller_is_better=True),
    "explained_variance": Metric("share of the inputs' variance that the outputs keep"),
    "trustworthiness": Metric(
        "from 0 to 1, how far neighbours in the outputs were neighbours before"
    ),
    "smape": Metric(
        "mean error as a share of the mean of truth and forecast, from 0 to 2",
        smaller_is_better=True,
    ),
    "coverage": Metric("share of the rows whose truth lies in the interval"),
    "width": Metric("mean width of the interval, in the output's unit", smaller_is_better=True),
    "ndcg": Metric("from 0 to 1, how near the order of a group's rows is to the best one"),
    "ndcg_at_10": Metric("the same of the first ten rows"),
    "mrr": Metric("mean over groups of 1 / the place of the first row that is as relevant as any"),
    "precision_at_10": Metric("share of a user's first ten that was taken"),
    "recall_at_10": Metric("share of what a user took that is among the first ten"),
    "hit_rate_at_10": Metric("share of the users who took something of their first ten"),
    "reward": Metric("what the told actions would have brought on the average"),
    "matched": Metric("share of the rows where the told action was taken, by which it is judged"),
    "taken_reward": Metric("what the actions that were taken have brought on the average"),
}
"""Name → metric. Definitions as in scikit-learn's, which tests compare."""


def is_better(metric: str, value: float, than: float, margin: float = 0.0) -> bool:
    """Tell whether a value is better than another by more than `margin`."""
    gain = than - value if METRICS[metric].smaller_is_better else value - than
    return gain > margin
