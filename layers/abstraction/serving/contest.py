"""Champion, challenger and shadow: who answers which record of one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from minerva.errors import InvalidInput
from minerva.layers.abstraction.routing.agreement import Agreement, agreement
from minerva.layers.abstraction.routing.share import PERCENT, place
from minerva.layers.abstraction.serving.answers import Answers, Content, in_rows, in_turn, joined
from minerva.layers.abstraction.serving.asking import FAILURES, Asking
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.schema import Batch

log = structlog.get_logger()

Outcome = tuple[Content, list[str] | None]


@dataclass(frozen=True)
class Records:
    """The records of one call: as sent, and as the champion reads them."""

    plain: Sequence[Any]
    batch: Batch

    def read_by(self, loaded: LoadedVersion, positions: Sequence[int] | None = None) -> Batch:
        """Return the records at `positions` (None: all) as `loaded` reads them.

        Raises InvalidInput if they do not fit a schema that differs from the champion's.
        """
        if loaded.schema == self.batch.schema:
            return self.batch if positions is None else self.batch.take(np.asarray(positions, int))
        chosen = self.plain if positions is None else [self.plain[at] for at in positions]
        return loaded.decoder.records(chosen)


@dataclass(frozen=True)
class Contest:
    """Answers one call from the versions of a live service."""

    live: LiveService
    champion: LoadedVersion
    asking: Asking
    chance: Callable[[], float]
    """Uniform in 0..1; decides where no key does."""

    def answer(self, records: Records) -> Outcome:
        """Return the answers, and per record its version if it is not the champion's throughout."""
        challenger = None if self.live.challenger is None else self.live.challenger.loaded
        theirs = [] if challenger is None else self._challenged(records.batch)
        if challenger is None or not theirs:
            return self.asking.ask(self.champion, records.batch), None
        answered = self._by_challenger(challenger, records, theirs)
        if answered is None:
            return self.asking.ask(self.champion, records.batch), None
        return self._merged(records, answered, theirs, challenger)

    def _challenged(self, batch: Batch) -> list[int]:
        """Return the positions that the challenger answers. A key is always on the same side."""
        share, service = self.live.share, self.live.declaration.service
        if batch.keys is None:
            return list(range(len(batch))) if self.chance() * PERCENT < share else []
        return [at for at, key in enumerate(batch.keys) if place(service, key) < share]

    def _by_challenger(
        self, challenger: LoadedVersion, records: Records, positions: list[int]
    ) -> Answers | None:
        """Return the challenger's answers; None if it cannot answer, which the caller need not notice."""
        try:
            return self.asking.ask(challenger, records.read_by(challenger, positions))
        except (*FAILURES, InvalidInput) as error:
            log.warning(
                "challenger.failed",
                service=self.live.declaration.service,
                version=challenger.version.number,
                code=error.code,
                reason=error.message,
            )
            return None

    def _merged(
        self, records: Records, theirs: Answers, positions: list[int], challenger: LoadedVersion
    ) -> Outcome:
        sides = np.zeros(len(records.batch), bool)
        sides[positions] = True
        names = (str(self.champion.version.number), str(challenger.version.number))
        versions = [names[side] for side in sides.tolist()]
        if sides.all():
            return theirs, versions
        batch = records.read_by(self.champion, np.flatnonzero(~sides).tolist())
        ours = self.asking.ask(self.champion, batch)
        return joined(ours, theirs, sides) or in_turn(ours, theirs, sides), versions


Heard = Callable[[Answers, Batch, float], None]
"""Is told what a shadow answered, to which records, in how many seconds; never raises."""


def comparison(
    shadow: LoadedVersion, records: Records, content: Content, asking: Asking, heard: Heard
) -> Callable[[], Agreement]:
    """Return what asks the shadow the same and compares it with what was answered."""

    def compare() -> Agreement:
        began, batch = time.monotonic(), records.read_by(shadow)
        theirs = asking.ask(shadow, batch)
        heard(theirs, batch, time.monotonic() - began)
        return agreement(shadow.schema, in_rows(content), theirs.rows())

    return compare
