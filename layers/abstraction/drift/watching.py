"""Watching what callers ask, in the background: the request hands over a reference and goes on.

Each process watches what it is asked itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from minerva.events import Drift
from minerva.layers.abstraction.callbacks.delivery import Delivery
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import evenly
from minerva.layers.abstraction.drift.watch import (
    BLOCK_ROWS,
    WINDOW_ROWS,
    Change,
    Watch,
    add,
    judge,
)
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.schema import Batch

log = structlog.get_logger()

MEASURE = "psi"
MOST_ROWS = 10_000
"""Rows that may wait to be counted: they are in memory until then. More are left out."""
GATHER_S = 0.25
CLOSE_WITHIN_S = 5.0

Seen = tuple[LiveService, LoadedVersion, Batch]


@dataclass
class DriftWatch:
    """Counts what each champion is asked, and tells of a field that drifts, once until it is back."""

    tell: Tell = nobody
    _watches: dict[tuple[str, str], tuple[int, Watch]] = field(default_factory=dict)
    """Tenant and service → the version that is watched, and what was seen of it."""

    def __post_init__(self) -> None:
        """Start nothing: the thread begins with the first call that is watched."""
        self._seen = Delivery(self._count, _left_out, MOST_ROWS, GATHER_S, thread="drift")

    def __call__(self, live: LiveService, champion: LoadedVersion, batch: Batch) -> None:
        """Have the batch counted later; returns at once and never raises."""
        if champion.bins is None or not live.declaration.monitoring.drift:
            return
        try:
            self._seen.put((live, champion, batch), 1 + len(batch))
        except (
            RuntimeError
        ) as error:  # no thread can be started: the process ends, or is at its limit
            log.warning("drift.not_counted", reason=str(error))

    def flush(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Wait until everything seen so far was counted; return whether it was."""
        return self._seen.flush(timeout_s)

    def close(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Count what waits, then end the thread: for the end of a process."""
        return self._seen.close(timeout_s)

    def _count(self, seen: Sequence[Seen]) -> None:
        for live, champion, batches in _together(seen):
            if champion.bins is None:
                continue
            try:
                self._watch(live, champion.version, champion.bins, batches)
            except Exception as error:  # noqa: BLE001 - a version that cannot be watched must not end it for all
                facts = _facts(champion.version)
                log.error("drift.not_counted", **facts, reason=type(error).__name__)

    def _watch(
        self, live: LiveService, version: Version, bins: Bins, batches: Sequence[Batch]
    ) -> None:
        """Count rows of one version, block by block, and judge whenever that is due."""
        name = (version.tenant, version.service)
        number, watch = self._watches.get(name, (version.number, Watch()))
        if number != version.number:  # another champion has other training rows
            watch = Watch()
        for block in _blocks(batches):
            watch = add(watch, sum(map(len, block)), bins.count(block))
            if watch.due:
                watch, changes = judge(watch, bins, live.declaration.monitoring.drift)
                for change in changes:
                    self._report(version, change, watch.rows)
        self._watches[name] = (version.number, watch)

    def _report(self, version: Version, change: Change, rows: int) -> None:
        drift = Drift(
            tenant=version.tenant,
            service=version.service,
            version=version.number,
            name=change.name,
            measure=MEASURE,
            value=round(change.value, 4),
            threshold=round(change.threshold, 4),
        )
        facts = {
            "name": drift.name,
            "measure": drift.measure,
            "value": drift.value,
            "threshold": drift.threshold,
            "rows": rows,
        }
        if change.began:
            log.warning("drift.noticed", **_facts(version), **facts)
            self.tell("minerva_drift", drift=drift)
        else:
            log.info("drift.ended", **_facts(version), **facts)


def _together(seen: Sequence[Seen]) -> Iterable[tuple[LiveService, LoadedVersion, list[Batch]]]:
    """Give what was seen of each version, in order; the service as it was seen last."""
    groups: dict[int, tuple[LiveService, LoadedVersion, list[Batch]]] = {}
    for live, champion, batch in seen:
        batches = groups[id(champion)][2] if id(champion) in groups else []
        batches.append(evenly(batch, WINDOW_ROWS))
        groups[id(champion)] = (live, champion, batches)
    return groups.values()


def _blocks(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Give batches in lists of a block's rows; single records cost less together."""
    block: list[Batch] = []
    rows = 0
    for batch in batches:
        block.append(batch)
        rows += len(batch)
        if rows >= BLOCK_ROWS:
            yield block
            block, rows = [], 0
    if block:
        yield block


def _facts(version: Version) -> dict[str, object]:
    return {"tenant": version.tenant, "service": version.service, "version": version.number}


def _left_out(calls: int) -> None:
    log.info("drift.left_out", calls=calls)
