"""The decision whether a new version may become champion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import Gate
from minerva.layers.abstraction.training.metrics import SMALLER_IS_BETTER, names_for
from minerva.schema import Field

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Verdict:
    """Whether a version passed, with a sentence that says why."""

    passed: bool
    reason: str


def check_gate(gate: Gate | None, output: Field) -> None:
    """Raise InvalidConfiguration if the gate's metric does not exist for this kind of output."""
    if gate is not None and gate.metric not in names_for(output):
        known = ", ".join(names_for(output))
        raise InvalidConfiguration(
            f"The gate's metric {gate.metric!r} does not fit the output.",
            faults=[Fault("/training/gate/metric", f"unknown here; choose one of {known}")],
        )


def judge(
    gate: Gate | None, metrics: Mapping[str, float], champion: Mapping[str, float] | None
) -> Verdict:
    """Compare a version's metrics with the gate, and with the champion's on the same rows (if any)."""
    if gate is None:
        return Verdict(True, "No gate is declared.")
    value = metrics.get(gate.metric, math.nan)
    shown = f"{gate.metric} {value:.4f}"
    if math.isnan(value):
        return Verdict(False, f"{gate.metric} could not be computed.")
    if gate.at_least is not None and value < gate.at_least - TOLERANCE:
        return Verdict(False, f"{shown} is below {gate.at_least:g}.")
    if gate.at_most is not None and value > gate.at_most + TOLERANCE:
        return Verdict(False, f"{shown} is above {gate.at_most:g}.")
    if gate.not_worse_than and champion is not None:
        theirs = champion.get(gate.metric, math.nan)
        worse = value > theirs if gate.metric in SMALLER_IS_BETTER else value < theirs
        if worse and abs(value - theirs) > TOLERANCE:
            return Verdict(False, f"{shown} is worse than the champion's {theirs:.4f}.")
    return Verdict(True, f"{shown} passes.")
