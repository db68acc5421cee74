"""Replicas that look at the registry while it changes: how long looks take, and when all serve the change.

A closed loop, as `Watcher` runs it: the next look comes so long after the one before has ended. A database
that is slow is asked less often, but what exceeds `database_timeout_s` is done in vain and asked again.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from scale.deployment import Costs, Deployment, database_cores
from scale.sharing import Shared

LOOK, READ, OTHER, FETCH, LOAD = "look", "read", "other", "fetch", "load"
OTHER_S = 100e-6
"""All else that the database does meanwhile comes as statements of this size."""


@dataclass(frozen=True)
class Machine:
    """What the herd meets."""

    database_cores: float = 4.0
    timeout_s: float = 5.0
    store_mb_s: float = 1_000.0
    """All that the artefact store sends; one client gets a tenth of it at most, or 100 MB/s."""
    client_mb_s: float = 100.0
    request_s: float = 0.02
    """From a request to the store to its first byte."""


class Event(NamedTuple):
    """Who does what next."""

    at: float
    process: int
    what: str


@dataclass
class Herd:
    """What was seen."""

    looks_s: list[float] = field(default_factory=list)
    served_s: list[float] = field(default_factory=list)
    """For each process, how long after the change it served it."""
    given_up: int = 0
    database_s: float = 0.0
    seconds: float = 0.0

    def look_ms(self, part: float) -> float:
        """Return a quantile of the looks."""
        return float(np.quantile(self.looks_s, part)) * 1e3

    @property
    def last_s(self) -> float:
        """When the last one served it."""
        return max(self.served_s, default=math.inf)


@dataclass
class Simulation:
    """One change at `change_at`; it ends when all serve it, or after `limit_s`."""

    deployment: Deployment
    machine: Machine
    costs: Costs
    random: np.random.Generator
    artefact_mb: float
    change_at: float = 2.0
    limit_s: float = 60.0
    read_ms: float | None = None
    """What reading the change costs; None: as measured."""
    herd: Herd = field(default_factory=Herd)

    def __post_init__(self) -> None:
        """Let all start at moments of their own."""
        self._database = Shared(self.machine.database_cores, self.machine.timeout_s)
        clients = self.machine.store_mb_s / self.machine.client_mb_s
        self._store = Shared(clients)
        self._events: list[Event] = []
        self._began: dict[int, float] = {}
        self._asked: set[int] = set()
        self._other = -1
        one = self.deployment
        for process in range(one.processes):
            self._push(self.random.uniform(0, one.poll_interval_s), process, LOOK)
        parts = database_cores(one, self.costs)
        self._others_per_s = sum(v for name, v in parts.items() if name != "looks") / OTHER_S
        if self._others_per_s:
            self._push(self.random.exponential(1 / self._others_per_s), -1, OTHER)

    def run(self) -> Herd:
        """Go from event to event."""
        now, wanted = 0.0, self.deployment.processes
        while now < self.change_at + self.limit_s and len(self.herd.served_s) < wanted:
            moments = (self._events[0].at, self._database.next_at(), self._store.next_at())
            which = int(np.argmin(moments))
            now = moments[which]
            if which == 0:
                self._due(heapq.heappop(self._events))
            elif which == 1:
                self._answered(*self._database.pop())
            else:
                at, who, _ = self._store.pop()
                assert isinstance(who, tuple)
                self._push(at + self.costs["load_web_ms"] / 1e3, who[0], LOAD)
        self.herd.database_s, self.herd.seconds = self._database.busy_s, now
        return self.herd

    def _push(self, at: float, process: int, what: str) -> None:
        heapq.heappush(self._events, Event(at, process, what))

    def _due(self, event: Event) -> None:
        if event.what == OTHER:
            self._other -= 1
            self._database.add(event.at, OTHER_S, (self._other, OTHER))
            self._push(event.at + self.random.exponential(1 / self._others_per_s), -1, OTHER)
        elif event.what == LOOK:
            self._began[event.process] = event.at
            work = self.costs["poll_db_us"] / 1e6
            self._database.add(event.at, work, (event.process, LOOK))
        elif event.what == FETCH:
            work = self.artefact_mb / self.machine.client_mb_s
            self._store.add(event.at, work, (event.process, FETCH))
        else:
            self.herd.served_s.append(event.at - self.change_at)

    def _answered(self, at: float, who: object, done: bool) -> None:  # noqa: FBT001 - as `pop` gives it
        assert isinstance(who, tuple)
        process, what = who
        if what == OTHER:
            return
        self.herd.given_up += not done
        if what == LOOK:
            self.herd.looks_s.append(at - self._began[process])
            if done and at >= self.change_at and process not in self._asked:
                read_ms = self.read_ms or self.costs["change_1000_db_us"] / 1e3
                self._database.add(at, read_ms / 1e3, (process, READ))
                return
        if what == READ and done:
            self._asked.add(process)
            waits_s = self.costs["fetch_requests"] * self.machine.request_s
            self._push(at + waits_s, process, FETCH)
        self._push(at + self.deployment.poll_interval_s, process, LOOK)
