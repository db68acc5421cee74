"""Feedback: the truth that comes later, joined to what was predicted, now or when the record arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog

from minerva.errors import Conflict, MinervaError
from minerva.layers.abstraction.monitoring.store import TruthStore, Waiting
from minerva.layers.abstraction.monitoring.truth import WHERE, Fate, Truth, read_truths
from minerva.layers.abstraction.problems.solved import Solved

log = structlog.get_logger()

KNOWN = (Fate.JOINED, Fate.CHANGED, Fate.UNCHANGED)
RECORDED_WITHIN = timedelta(minutes=10)
"""A record that is not there so long after its truth came will not come any more."""
EVERY_S = 15.0
AT_ONCE = 1000
SAID = {
    Fate.UNKNOWN: "no prediction is recorded for it; the truth is kept, and joined if one comes",
    Fate.AMBIGUOUS: "several different predictions have this request id and row; name the key too",
}


@dataclass(frozen=True)
class Received:
    """What became of one call's truths."""

    truths: Sequence[Truth]
    fates: Sequence[Fate]

    def to_json(self) -> dict[str, Any]:
        """Return counts, and which truths belong to no record."""
        return {
            "received": len(self.fates),
            **{fate.value: self.fates.count(fate) for fate in KNOWN},
            "unmatched": [
                {"where": f"{WHERE}/{position}", **_named(truth), "message": SAID[fate]}
                for position, (truth, fate) in enumerate(zip(self.truths, self.fates, strict=True))
                if fate in SAID
            ],
        }


@dataclass(frozen=True)
class Feedback:
    """The use case behind `POST /v1/services/{service}/feedback`."""

    store: TruthStore
    settle: Callable[[], object]
    """Has written what this process has just predicted."""
    now: Callable[[], datetime]

    def receive(self, tenant: str, service: str, solved: Solved, told: Sequence[Any]) -> Received:
        """Join truths to records; those without one wait for it. The same again changes nothing.

        `solved` is what the version that answers solves. Raises InvalidInput if anything does not fit,
        Conflict where no truth can come; nothing is kept then.
        """
        fields = solved.live.truth
        if not fields:
            raise Conflict(
                f"There is no truth for {solved.kind.name}: its live metrics follow from what was asked "
                "and answered."
            )
        for name, field in fields.items():
            if field.pii:
                message = f"The output {name!r} is personal: neither answers nor truths are kept."
                raise Conflict(message)
        truths = read_truths(told, fields, self.now())
        fates = list(self.store.join(tenant, service, truths))
        early = [place for place, fate in enumerate(fates) if fate is Fate.UNKNOWN]
        if early:
            self.settle()
            again = self.store.join(tenant, service, [truths[place] for place in early])
            for place, fate in zip(early, again, strict=True):
                fates[place] = fate
        received = Received(truths, fates)
        lost = [truth for truth, fate in zip(truths, fates, strict=True) if fate is Fate.UNKNOWN]
        self.store.wait([Waiting(tenant, service, truth, self.now()) for truth in lost])
        counts = {name: value for name, value in received.to_json().items() if name != "unmatched"}
        log.info("feedback.received", **counts, waiting=len(lost))
        return received


@dataclass
class LateRecords:
    """Joins truths that came before their records were written; run by beat."""

    store: TruthStore
    now: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds that only grow."""
    _due: float = 0.0

    def sweep(self) -> None:
        """Look at what came lately and waits, if it is time to."""
        if self.clock() < self._due:
            return
        self._due = self.clock() + EVERY_S
        waiting = self.store.waiting(self.now() - RECORDED_WITHIN, AT_ONCE)
        for (tenant, service), group in groupby(waiting, key=lambda one: (one.tenant, one.service)):
            some = list(group)
            try:
                fates = self.store.join(tenant, service, [one.truth for one in some])
                found = [one for one, fate in zip(some, fates, strict=True) if fate in KNOWN]
                self.store.settled(found)
            except MinervaError as error:
                log.warning("feedback.not_joined", service=service, reason=error.message)


def _named(truth: Truth) -> dict[str, Any]:
    named = {"request_id": truth.request_id, "row": truth.row, "key": truth.key}
    return {name: value for name, value in named.items() if value is not None}
