"""The decision whether a new version may become champion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.problems.metric import is_better
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.services.declaration import Gate
from minerva.layers.abstraction.training.baseline import Baseline

TOLERANCE = 1e-9
WHERE = "/training/gate/metric"
LATENCY = "latency_p95_ms"
"""The metric that `latency_ms` bounds."""

WAY_OUT = "(`training: {below_baseline: promote}` lets such a version serve.)"


@dataclass(frozen=True)
class Verdict:
    """Whether a version passed, with a sentence that says why."""

    passed: bool
    reason: str


def check_gate(gate: Gate | None, problem: Problem) -> None:
    """Raise InvalidConfiguration if the gate demands nothing, or a metric that there is not."""
    if gate is None:
        return
    if gate.metric is not None:
        problem.check_metric(gate.metric, WHERE)
    elif fault := _without_metric(gate):
        raise InvalidConfiguration("The gate has no metric.", faults=[Fault(WHERE, fault)])


def _without_metric(gate: Gate) -> str:
    bounds = ("at_least", "at_most", "not_worse_than")
    stray = [name for name in bounds if getattr(gate, name) is not None]
    if stray:
        return f"{' and '.join(stray)} needs a metric to be measured by"
    return "" if gate.latency_ms is not None else "a gate needs a metric, latency_ms or both"


def judge(
    gate: Gate | None, metrics: Mapping[str, float], champion: Mapping[str, float] | None
) -> Verdict:
    """Compare a version's metrics with the gate, and with the champion's on the same rows (if any)."""
    if gate is None:
        return Verdict(True, "No gate is declared.")
    verdicts = []
    if gate.metric is not None:
        verdicts.append(_judge_metric(gate, gate.metric, metrics, champion))
    if gate.latency_ms is not None:
        verdicts.append(_judge_latency(gate.latency_ms, metrics.get(LATENCY, math.nan)))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    return Verdict(not failed, " ".join(verdict.reason for verdict in failed or verdicts))


def demand_worth(baseline: Baseline | None, verdict: Verdict) -> Verdict:
    """Hold back a version that is no better than one constant answer, though its gate let it pass."""
    if baseline is None or baseline.beaten:
        return verdict
    return Verdict(False, f"{baseline.sentence} {WAY_OUT}")


def demand_better(
    rival: str, asked: Sequence[str], ours: Mapping[str, float], theirs: Mapping[str, float]
) -> Verdict:
    """Compare a version with another service by the first of these metrics that both have."""
    metric = next((one for one in asked if one in ours and one in theirs), None)
    if metric is None:
        return Verdict(False, f"It has no metric in common with {rival}.")
    told = f"{metric} {ours[metric]:.4f} against {theirs[metric]:.4f} of {rival}"
    if is_better(metric, ours[metric], theirs[metric], TOLERANCE):
        return Verdict(True, f"Better: {told}.")
    return Verdict(False, f"No better: {told}.")


def _judge_metric(
    gate: Gate, metric: str, metrics: Mapping[str, float], champion: Mapping[str, float] | None
) -> Verdict:
    value = metrics.get(metric, math.nan)
    shown = f"{metric} {value:.4f}"
    if math.isnan(value):
        return Verdict(False, f"{metric} could not be computed.")
    if gate.at_least is not None and value < gate.at_least - TOLERANCE:
        return Verdict(False, f"{shown} is below {gate.at_least:g}.")
    if gate.at_most is not None and value > gate.at_most + TOLERANCE:
        return Verdict(False, f"{shown} is above {gate.at_most:g}.")
    if gate.not_worse_than and champion is not None:
        theirs = champion.get(metric, math.nan)
        if is_better(metric, theirs, value, TOLERANCE):
            return Verdict(False, f"{shown} is worse than the champion's {theirs:.4f}.")
    return Verdict(True, f"{shown} passes.")


def _judge_latency(most: float, value: float) -> Verdict:
    if math.isnan(value):
        return Verdict(False, "The latency could not be measured.")
    shown = f"95 % of single predictions take at most {value:.2f} ms"
    if value > most:
        return Verdict(False, f"{shown}, more than {most:g} ms.")
    return Verdict(True, f"{shown}.")
