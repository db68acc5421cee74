"""Monitoring as callers meet it."""

from __future__ import annotations

from dataclasses import dataclass

from minerva.layers.abstraction.monitoring.drifting import Drifting
from minerva.layers.abstraction.monitoring.feedback import Feedback
from minerva.layers.abstraction.monitoring.performance import Performance
from minerva.layers.abstraction.monitoring.recorder import Recorder


@dataclass(frozen=True)
class Monitoring:
    """What records this process's predictions, and the use cases."""

    recorder: Recorder
    feedback: Feedback
    performance: Performance
    drift: Drifting
