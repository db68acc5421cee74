"""Versions on their way into memory, each in a thread of its own, so that a slow one holds up nobody.

Loading may take minutes: an environment is built first, a model is large. Whoever looks at the
registry therefore asks for a version, serves what there is, and is told when it arrived. Versions
take turns, because loading costs cores and memory, but nobody's turn waits long for a slow one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.layers.abstraction.serving.terms import Terms

SLOW_S = 0.5
"""Who takes longer lets the next one begin."""

Load = Callable[[Version, Terms], LoadedVersion]


@dataclass(eq=False)
class Arrival:
    """One version that was asked for; `outcome` is what it became, None while it is on its way."""

    version: Version
    terms: Terms
    before: Arrival | None
    """Whose turn comes first."""
    outcome: LoadedVersion | BaseException | None = None
    asked_at: float = field(default_factory=time.monotonic)
    begun_at: float = 0.0
    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, load: Load, arrived: Callable[[Arrival], None]) -> None:
        """Load in turn, then tell."""
        self._take_turn()
        try:
            self.outcome = load(self.version, self.terms)
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and must harm only its version
            self.outcome = error
        try:
            arrived(self)
        finally:
            self.ended.set()

    def _take_turn(self) -> None:
        if self.before is not None:
            self.before.begun.wait()
            self.before.ended.wait(max(0.0, self.before.begun_at + SLOW_S - time.monotonic()))
            self.before = None
        self.begun_at = time.monotonic()
        self.begun.set()


@dataclass
class Arrivals:
    """What is on its way, and what failed since somebody looked; the caller holds a lock."""

    load: Load
    arrived: Callable[[Arrival], None]
    """Told in the thread that loaded, without the lock."""
    _arrivals: dict[tuple[str, str, str, Terms], Arrival] = field(default_factory=dict)

    def of(self, version: Version, terms: Terms) -> Arrival:
        """Return the version's arrival; it is begun if there is none."""
        key = (version.tenant, version.service, version.digest, terms)
        found = self._arrivals.get(key)
        if found is None:
            found = Arrival(version, terms, next(reversed(self._arrivals.values()), None))
            work = (self.load, self.arrived)
            # a daemon: a process that ends does not wait for a build of minutes
            threading.Thread(target=found.run, args=work, name="arrival", daemon=True).start()
            self._arrivals[key] = found
        return found

    def on_their_way(self) -> list[Arrival]:
        """Return those that have not ended."""
        return [one for one in self._arrivals.copy().values() if not one.ended.is_set()]

    def forget(self, arrival: Arrival) -> None:
        """Let go of one whose version is in use, or of no use."""
        self._arrivals = {key: one for key, one in self._arrivals.items() if one is not arrival}

    def forget_ended(self) -> None:
        """Let those that failed be tried again."""
        self._arrivals = {key: one for key, one in self._arrivals.items() if not one.ended.is_set()}
