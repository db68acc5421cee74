"""Recording predictions, in the background: the request hands over references and goes on."""

from __future__ import annotations

import contextvars
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.callbacks.delivery import Delivery
from minerva.layers.abstraction.monitoring.record import (
    InferenceRecord,
    kept_answers,
    kept_features,
    key_text,
)
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.question import Answer
from minerva.schema import Batch
from minerva.schema.batch import concatenate

log = structlog.get_logger()

MOST_ROWS = 20_000
"""Rows that may wait to be written: they are in memory until then. More are left out, and counted."""
PACE_ROWS_S, BURST_ROWS = 200, 4_000
"""Rows that a process records a second in the long run, a hundredth of a core, and at once after a pause:
at a thousand calls a second the computing behind them would cost a third of the calls."""
TELL_S = 60.0
"""Between two events that tell of calls beyond that pace."""
GATHER_S = 0.5
CLOSE_WITHIN_S = 5.0
TOGETHER = 1000
"""So many rows are written in one transaction."""

Add = Callable[[Sequence[InferenceRecord]], None]
"""Keeps records. Raises Unavailable."""


class Seen(NamedTuple):
    """An answered call, as the request path hands it over."""

    live: LiveService
    answer: Answer
    batch: Batch | None
    keys: Sequence[Any] | None
    at: float
    """Seconds since 1970-01-01 UTC."""
    seconds: float
    shadow: bool
    context: contextvars.Context
    """Knows the request's id."""


@dataclass
class Recorder:
    """Records a share of what each service answers; one queue and one thread for each process."""

    add: Add
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.time
    left_out: int = 0
    """Calls that came faster than they are recorded, or could not be written."""

    def __post_init__(self) -> None:
        """Start nothing: the thread begins with the first call that is recorded."""
        self._pace = Pace(self.clock())
        self._beyond, self._told_at = 0, 0.0
        self._seen = Delivery(self._record, self._dropped, MOST_ROWS, GATHER_S, thread="recorder")

    def __call__(
        self,
        live: LiveService,
        answer: Answer,
        batch: Batch | None,
        keys: Sequence[Any] | None,
        seconds: float,
        /,
        *,
        shadow: bool = False,
    ) -> None:
        """Have an answered call recorded later; returns at once and never raises."""
        sample = live.declaration.monitoring.sample
        if sample < 1 and self.chance() >= sample:
            return
        now = self.clock()
        if not self._pace.admits(len(answer), now):
            self._beyond += 1
            return
        context = contextvars.copy_context()
        seen = Seen(live, answer, batch, keys, now, seconds, shadow, context)
        try:
            self._seen.put(seen, 1 + len(answer))
        except RuntimeError as error:  # no thread can be started: the process ends
            log.warning("inference.not_recorded", reason=str(error))

    def flush(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Wait until everything seen so far was written; return whether it was."""
        return self._seen.flush(timeout_s)

    def close(self, timeout_s: float = CLOSE_WITHIN_S) -> bool:
        """Write what waits, then end the thread: for the end of a process."""
        closed = self._seen.close(timeout_s)
        self._tell()
        return closed

    def _record(self, seen: Sequence[Seen]) -> None:
        if self.clock() - self._told_at >= TELL_S:
            self._tell()
        for start in range(0, len(seen), TOGETHER):
            calls = seen[start : start + TOGETHER]
            try:
                records = [record for one in _together(calls) for record in _records(one)]
                for first in range(0, len(records), TOGETHER):
                    self.add(records[first : first + TOGETHER])
            except MinervaError as error:
                self._failed(len(calls), error.message)
            except Exception as error:  # noqa: BLE001 - what cannot be recorded must not end it for all
                self._failed(len(calls), type(error).__name__)

    def _tell(self) -> None:
        """Tell of the calls that came too fast, if there were any."""
        beyond, self._beyond = self._beyond, 0
        if beyond:
            self._told_at = self.clock()
            self.left_out += beyond
            log.info("inference.left_out", calls=beyond, reason="they came too fast")

    def _failed(self, calls: int, reason: str) -> None:
        self.left_out += calls
        log.warning("inference.not_recorded", calls=calls, reason=reason)

    def _dropped(self, calls: int) -> None:
        self.left_out += calls
        log.warning("inference.left_out", calls=calls, reason="the queue is full")


@dataclass
class Pace:
    """Lets so many rows pass in the long run: a token bucket, for the threads of one process."""

    at: float
    left: float = BURST_ROWS

    def admits(self, rows: int, now: float) -> bool:
        """Tell whether a call's rows may pass now."""
        self.left = min(BURST_ROWS, self.left + max(0.0, now - self.at) * PACE_ROWS_S)
        self.at = now
        if self.left <= 0:
            return False
        self.left -= rows
        return True


def _together(seen: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Give calls whose records have one schema together: what is done for many costs less for each."""
    groups: dict[tuple[int, int], list[Seen]] = {}
    for one in seen:
        schema = 0 if one.batch is None else id(one.batch.schema)
        groups.setdefault((schema, id(one.live.declaration)), []).append(one)
    yield from groups.values()


def _records(calls: Sequence[Seen]) -> Iterator[InferenceRecord]:
    features = iter(_features(calls))
    for seen in calls:
        live, answer = seen.live, seen.answer
        known = seen.context.run(structlog.contextvars.get_contextvars)
        keys = seen.keys or [None] * len(answer)
        versions: Sequence[str | None] = answer.versions or [answer.version] * len(answer)
        answers = kept_answers(live.schema, live.declaration.schema, answer.predictions)
        for row, (text, version, key) in enumerate(zip(answers, versions, keys, strict=True)):
            yield InferenceRecord(
                tenant=live.tenant,
                service=answer.service,
                request_id=str(known.get("request_id", "")),
                row=row,
                version=None if version is None else int(version),
                key=None if key is None else key_text(key),
                at=datetime.fromtimestamp(seen.at, UTC),
                ms=round(seen.seconds * 1000, 3),
                degraded=answer.degraded,
                shadow=seen.shadow,
                features=next(features, None),
                answer=text,
            )


def _features(calls: Sequence[Seen]) -> list[str]:
    """Return the calls' records, one after the other; none if they are not known."""
    batches = [one.batch for one in calls if one.batch is not None]
    if not batches:
        return []
    return kept_features(concatenate(batches), calls[0].live.declaration.schema)
