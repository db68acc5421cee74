"""Where a deployment breaks first: the largest size at which a part still has room, and what moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scale.deployment import (
    Costs,
    Deployment,
    connections,
    daily,
    database_cores,
    replica_gib,
    writes_per_s,
)

ROOM = 0.7
"""A part that is busier than this answers late whenever it is asked a little more."""
MOST = 10_000_000


@dataclass(frozen=True)
class Limits:
    """What a deployment stands on."""

    database_cores: float = 4.0
    connections: float = 500.0
    wal_gb: float = 1_000.0
    """That the database's disk writes in a day."""
    replica_gib: float = 2.0
    registry_writes_per_s: float = 200.0
    """Changes take turns: each holds the registry's row for some 5 ms."""


def largest(fits: Callable[[int], bool]) -> int:
    """Return the largest number up to `MOST` that fits, if all below it do; 0 if none does."""
    low, high = 0, MOST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def replicas_by_cores(one: Deployment, costs: Costs, limits: Limits) -> int:
    """Return how many replicas the database's cores bear."""
    most = limits.database_cores * ROOM
    return largest(lambda n: sum(database_cores(replace(one, replicas=n), costs).values()) <= most)


def replicas_by_connections(one: Deployment, limits: Limits) -> int:
    """Return for how many replicas there are connections."""
    return largest(lambda n: connections(replace(one, replicas=n)) <= limits.connections)


def services_by_cores(one: Deployment, costs: Costs, limits: Limits) -> int:
    """Return how many services' changes the database's cores bear, of as many replicas."""
    most = limits.database_cores * ROOM
    return largest(lambda n: sum(database_cores(replace(one, services=n), costs).values()) <= most)


def services_by_memory(one: Deployment, costs: Costs, limits: Limits) -> int:
    """Return how many idle services fit into a replica."""
    return largest(lambda n: replica_gib(replace(one, services=n), costs) <= limits.replica_gib)


def services_by_writes(one: Deployment, limits: Limits) -> int:
    """Return how many services' changes find their turn at the registry."""
    most = limits.registry_writes_per_s * ROOM
    return largest(lambda n: writes_per_s(replace(one, services=n))["registry"] <= most)


def predictions_by_wal(one: Deployment, costs: Costs, limits: Limits) -> float:
    """Return how many millions of predictions a day can be recorded, if web workers leave none out."""
    many = replace(one, replicas=MOST)
    return largest(
        lambda n: daily(replace(many, predictions_per_day=n * 1e6), costs).wal <= limits.wal_gb
    )
