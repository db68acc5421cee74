"""A day of calls with a peak, answered by replicas that an autoscaler adds and takes away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scale.deployment import DAY_S

STEP_S = 15.0
"""So often the autoscaler of Kubernetes looks."""
BURST_H = 12


@dataclass(frozen=True)
class Scaling:
    """How replicas are added and taken away."""

    target: float = 0.6
    """Busy share of the cores that is aimed at."""
    start_s: float = 30.0
    """From the wish for a replica to its first answer: schedule, pull, start, load."""
    settle_s: float = 300.0
    """A replica is taken away once fewer sufficed for so long."""
    least: int = 2
    most: int = 1_000


@dataclass(frozen=True)
class Day:
    """What a day was like, step by step."""

    calls_per_s: NDArray[np.float64]
    replicas: NDArray[np.float64]
    busy: NDArray[np.float64]
    waited_s: NDArray[np.float64]
    """How long who came in a step waited for a core."""

    @property
    def replica_hours(self) -> float:
        """What was paid for."""
        return float(self.replicas.sum() * STEP_S / 3600)

    def waiting(self, longer_s: float) -> float:
        """Return the share of the calls that waited longer."""
        late = self.waited_s > longer_s
        return float(self.calls_per_s[late].sum() / self.calls_per_s.sum())


def curve(per_day: float, peak: float, burst: float = 1.0) -> NDArray[np.float64]:
    """Return calls a second in each step; without the burst they sum up to a day's.

    Quiet at four in the night, `peak` times the mean at four in the afternoon, and from noon on for ten
    minutes `burst` times as many as else.
    """
    hours = np.arange(0, DAY_S, STEP_S) / 3600
    shape = 1 + np.cos((hours - 16) / 24 * 2 * math.pi)
    power = np.linspace(0, 12, 241)
    heights = [float((shape**one).max() / (shape**one).mean()) for one in power]
    shape = shape ** float(np.interp(peak, heights, power))
    found: NDArray[np.float64] = shape / shape.mean() * per_day / DAY_S
    found[(hours >= BURST_H) & (hours < BURST_H + 1 / 6)] *= burst
    return found


def through(
    calls_per_s: NDArray[np.float64], core_per_s: float, cores: int, scaling: Scaling
) -> Day:
    """Go through a day, scaled by how busy the cores are: however much waits, they are no more than busy.

    One core answers `core_per_s` calls when it is always busy; a replica has `cores`.
    """
    lag, settle = (max(1, math.ceil(s / STEP_S)) for s in (scaling.start_s, scaling.settle_s))
    replica_per_s = core_per_s * cores
    wishes = [_wanted(float(calls_per_s[0]), replica_per_s, scaling)]
    declared, backlog, steps = list(wishes), 0.0, []
    for calls in calls_per_s:
        replicas = min(
            declared[-lag - 1 :]
        )  # what was added is ready later, what was taken away is gone
        able = replicas * replica_per_s
        backlog = max(0.0, backlog + (calls - able) * STEP_S)
        pressing = calls + backlog / STEP_S
        busy = min(1.0, pressing / able)
        queued = _queueing(busy, replicas * cores, core_per_s)
        steps.append((replicas, busy, backlog / able + queued))
        wishes.append(_wanted(replicas * replica_per_s * busy, replica_per_s, scaling))
        declared.append(max(wishes[-settle:]))
    found = np.array(steps, dtype=np.float64)
    return Day(calls_per_s, found[:, 0], found[:, 1], found[:, 2])


def _wanted(calls: float, replica_per_s: float, scaling: Scaling) -> int:
    needed = math.ceil(calls / replica_per_s / scaling.target)
    return min(scaling.most, max(scaling.least, needed))


def _queueing(busy: float, cores: int, core_per_s: float) -> float:
    """Return the mean wait of M/M/c by Sakasegawa's approximation (1977)."""
    if busy >= 1:
        return 0.0  # the backlog says it
    return float(busy ** (math.sqrt(2 * (cores + 1)) - 1) / (cores * (1 - busy)) / core_per_s)
