"""What is to be thought of live metrics, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from minerva.layers.abstraction.monitoring.quality import FEW, Judged, worse

Interval = tuple[float, float] | None


def verdict(
    judged: Judged,
    metric: str,
    metrics: Mapping[str, float],
    interval: Interval,
    held_out: Mapping[str, float],
) -> str:
    """Say how live rows compare with held-out ones, or why they cannot."""
    if (why := _untold(judged, metric, metrics, interval)) is not None:
        return why
    value, trained = f"{metric} {metrics[metric]:.4f}", held_out.get(metric)
    drawn, what = judged.drawn
    rows = f"{drawn} live {'rows' if what == 'truths' else what}"
    if interval is None:
        than = "nothing was held out" if trained is None else f"{trained:.4f}"
        return f"{value} on {rows}, {than} in training; how much of that is chance cannot be told."
    said = f"{value} ({interval[0]:.4f} to {interval[1]:.4f}) on {rows}"
    if judged.solved.live.apart:
        return f"{said}; not to be held beside training: {judged.solved.live.apart}."
    if trained is None:
        return f"{said}; nothing was held out in training."
    beside = f"{said}, {trained:.4f} in training"
    if all(worse(metric, end, trained, 0) for end in interval):
        return f"Worse than in training: {beside}."
    if all(worse(metric, trained, end, 0) for end in interval):
        return f"Better than in training: {beside}."
    return f"As in training: {beside}."


def _untold(
    judged: Judged, metric: str, metrics: Mapping[str, float], interval: Interval
) -> str | None:
    """Say why nothing can be told; None if something can."""
    solved, (drawn, what) = judged.solved, judged.drawn
    if solved.unseen is not None:
        return f"Nothing can be told: input {solved.unseen!r} is personal, so it is not recorded."
    if drawn < FEW:
        return f"Too few {what} to judge: {drawn}, at least {FEW} are needed."
    if metric not in metrics:
        return f"These {what} do not tell {metric}. {solved.live.lacking}"
    if interval is None and solved.kind.resampled:
        return f"Too few {what} to judge {metric} by. {solved.live.lacking}"
    return None
