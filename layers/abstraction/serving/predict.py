"""The one verb: predict. Every transport ends here."""

from __future__ import annotations

import contextvars
import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog

from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    Fault,
    InvalidInput,
    MinervaError,
    Unavailable,
)
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.routing.shadow import Shadows
from minerva.layers.abstraction.serving.answers import Answers, Content
from minerva.layers.abstraction.serving.asking import Asking, Quarantine, asked_at_once
from minerva.layers.abstraction.serving.contest import Contest, Outcome, Records, comparison
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.layers.abstraction.serving.patience import UNTIL
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import Call, Came, at_once, one_by_one
from minerva.layers.abstraction.training.source import DataSource
from minerva.schema import Batch
from minerva.schema.batch import concatenate
from minerva.schema.columns import Columns, LateRecords
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.table import plain_row

log = structlog.get_logger()

Found = tuple[Records, Outcome]
"""What was asked, and what was answered."""
Watch = Callable[[LiveService, LoadedVersion, Batch], None]
"""Sees what a service was asked, as its champion reads it; returns at once and never raises."""


class Record(Protocol):
    """Has an answered call recorded; see `monitoring.recorder.Recorder`."""

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
        """Return at once and never raise. `batch`: what was asked, None if it is not known."""


def unrecorded(*_seen: object, shadow: bool = False) -> None:
    """Satisfy `Record` where nothing is kept."""


@dataclass(frozen=True)
class Predictor:
    """Answers questions from the live services."""

    live: LiveServices
    source_of: Callable[[LiveService], DataSource]
    """Gives the opened data source of a service, for questions by key."""
    executor: Executor
    """Where calls with a deadline run."""
    quarantine: Quarantine
    shadows: Shadows = field(default_factory=Shadows)
    chance: Callable[[], float] = random.random
    watch: Watch = lambda live, champion, batch: None  # noqa: ARG005 - names are the type's
    record: Record = unrecorded

    def predict(
        self, tenant: str, service: str, question: Question, *, spent_s: float = 0.0
    ) -> Answer:
        """Answer, by the champion or the challenger, or else by the declared default.

        `spent_s` of the service's deadline have passed already. Raises NotFound, InvalidInput,
        Unavailable, AlgorithmFailed or DeadlineExceeded.
        """
        began = time.monotonic()
        live = self._find(tenant, service, spent_s)
        if question.version is not None:
            live = live.only(question.version)
        spent_s += time.monotonic() - began
        batch = _decode(live, question)
        asking = Asking(self.quarantine, question.wishes)
        try:
            champion = _serving(live)
            contest = Contest(live, champion, asking, self.chance)
            records, (content, versions) = self._within_deadline(
                live, asking, lambda: self._answer(contest, question, batch), spent_s
            )
            answer = _answer(service, champion.version, content, versions)
            batch, keys = records.batch, records.batch.keys
        except (Unavailable, AlgorithmFailed, DeadlineExceeded) as error:
            keys = question.keys or () if batch is None else batch.keys or [None] * len(batch)
            answer = _degraded(live, keys, error)
        self.record(live, answer, batch, keys, time.monotonic() - began)
        return answer

    def together(self, tenant: str, service: str, calls: Sequence[Call]) -> list[Came]:
        """Answer calls that came at one moment, each as `predict` does."""
        came = None
        if len(calls) > 1:
            came = Context().run(self._at_once, tenant, service, calls)
        return came or one_by_one(partial(self.predict, tenant, service), calls)

    def _at_once(self, tenant: str, service: str, calls: Sequence[Call]) -> list[Came] | None:
        """Answer calls that the model can be asked at once, None if it cannot."""
        began = time.monotonic()
        live = self.live.get(tenant, service)
        batches = None if live is None else at_once(live, calls)
        if live is None or live.loaded is None or batches is None:
            return None
        whole, champion = concatenate(batches), live.loaded
        content = asked_at_once(champion, whole)
        if content is None:
            return None
        self.watch(live, champion, whole)
        parts = content.parts([len(batch) for batch in batches])
        answers = [_answer(service, champion.version, part, None) for part in parts]
        seconds = time.monotonic() - began
        for call, answer, batch in zip(calls, answers, batches, strict=True):
            call.context.run(self.record, live, answer, batch, batch.keys, seconds)
        return [Came(answer, seconds) for answer in answers]

    def records_of(self, tenant: str, service: str, columns: Columns) -> list[dict[str, Any]]:
        """Return the JSON records that columns stand for, as the service reads them now."""
        return self.live.find(tenant, service).decoder.plain(columns)

    def _find(self, tenant: str, service: str, spent_s: float) -> LiveService:
        """Return the service; one without a version may have been trained a moment ago."""
        live = self.live.find(tenant, service)
        if live.loaded is not None:
            return live
        deadline_ms = live.declaration.serving.deadline_ms
        left_s = math.inf if deadline_ms is None else deadline_ms / 1000 - spent_s
        return self.live.first(tenant, service, left_s)

    def _answer(
        self, contest: Contest, question: Question, batch: Batch | None
    ) -> tuple[Records, Outcome]:
        if batch is None:
            records = self._look_up(contest.live, question.keys or ())
        else:
            records = Records(_plain(contest.champion, question), batch)
        if question.version is None:
            self.watch(contest.live, contest.champion, records.batch)
        answered = contest.answer(records)
        self._ask_shadow(contest.live, records, answered[0])
        return records, answered

    def _ask_shadow(self, live: LiveService, records: Records, content: Content) -> None:
        """Leave the question for later: nobody waits for a shadow, and nobody gets its answer."""
        shadow = None if live.shadow is None else live.shadow.loaded
        if shadow is None or not len(content):
            return
        facts = {
            "tenant": live.tenant,
            "service": live.declaration.service,
            "version": None if live.version is None else live.version.number,
            "shadow": shadow.version.number,
        }

        def heard(theirs: Answers, batch: Batch, seconds: float) -> None:
            answer = Answer(
                theirs, live.declaration.service, str(shadow.version.number), False, None
            )
            self.record(live, answer, batch, batch.keys, seconds, shadow=True)

        compare = comparison(shadow, records, content, Asking(self.quarantine), heard)
        self.shadows.ask(shadow.version.digest, facts, compare)

    def _look_up(self, live: LiveService, keys: Sequence[Any]) -> Records:
        """Return the records of the keys. Its time counts for the deadline too."""
        rows = self.source_of(live).lookup(keys)
        unknown = [
            Fault(f"/keys/{position}", "there is no record with this key")
            for position, row in enumerate(rows)
            if row is None
        ]
        if unknown:
            raise InvalidInput("Some keys are unknown.", faults=unknown[:MAX_FAULTS])
        data = live.declaration.data
        decimal = "." if data is None else data.decimal
        records = [plain_row(live.schema, row, decimal) for row in rows if row is not None]
        if live.schema.key is not None:
            for record, key in zip(records, keys, strict=True):
                record[live.schema.key] = key
        return Records(records, live.decoder.records(records, where="/keys"))

    def _within_deadline(
        self, live: LiveService, asking: Asking, work: Callable[[], Found], spent_s: float
    ) -> Found:
        """Do the work in one of the service's places, which it holds until it really ends."""
        give_back = _take_place(live)
        deadline_ms = live.declaration.serving.deadline_ms
        if deadline_ms is None:
            try:
                return work()
            finally:
                give_back()
        context = contextvars.copy_context()
        left_s = max(0.0, deadline_ms / 1000 - spent_s)
        context.run(UNTIL.set, min(UNTIL.get(), time.monotonic() + left_s))
        try:
            future = self.executor.submit(context.run, work)
        except RuntimeError as error:
            give_back()
            raise Unavailable("The sidecar is shutting down: ask again.") from error
        future.add_done_callback(lambda _: give_back())
        try:
            return future.result(timeout=left_s)
        except FutureTimeoutError:
            future.cancel()
            late = DeadlineExceeded(
                f"Service {live.declaration.service!r} did not answer within {deadline_ms} ms."
            )
            asking.abandon(late)
            raise late from None


def _decode(live: LiveService, question: Question) -> Batch | None:
    """Return what is asked about; None: it must be looked up first."""
    decoder, read = live.decoder, question.batch
    if read is not None and read.schema is decoder.schema:
        return read
    if question.columns is not None:
        return decoder.columns(question.columns, question.where)
    return None if question.records is None else decoder.records(question.records)


def _plain(champion: LoadedVersion, question: Question) -> Sequence[Any]:
    columns = question.columns
    if columns is None:
        return question.records or ()
    return LateRecords(len(question), lambda: champion.decoder.plain(columns))


def _serving(live: LiveService) -> LoadedVersion:
    if live.loaded is None:
        name = live.declaration.service
        raise Unavailable(
            live.problem
            or f"Service {name!r} has no version yet: train it (`minerva train {name}`)."
        )
    return live.loaded


def _take_place(live: LiveService) -> Callable[[], None]:
    """Take one of the service's places; the result gives it back. Raises Unavailable if none is free."""
    if live.slots is None:
        return lambda: None
    if not live.slots.acquire(blocking=False):
        limit = live.declaration.serving.max_concurrency
        raise Unavailable(
            f"Service {live.declaration.service!r} answers {limit} calls at once at most; try again."
        )
    return live.slots.release


def _answer(
    service: str, champion: Version, content: Content, versions: list[str] | None
) -> Answer:
    """Name one version where one answered, else the champion's and each row's own."""
    if versions is None:
        return Answer(content, service, str(champion.number), False, champion.job_id)
    one = versions[0] if len(set(versions)) == 1 else str(champion.number)
    job_id = champion.job_id if one == str(champion.number) else None
    return Answer(content, service, one, False, job_id, versions)


def _degraded(live: LiveService, keys: Sequence[Any], error: MinervaError) -> Answer:
    default = live.declaration.serving.default
    if default is None:
        raise error
    log.warning(
        "prediction.degraded",
        service=live.declaration.service,
        code=error.code,
        reason=error.message,
    )
    key_name = live.schema.key
    rows = [default.copy() if key_name is None else {key_name: key, **default} for key in keys]
    version = None if live.version is None else str(live.version.number)
    return Answer(rows, live.declaration.service, version, True, None, code=error.code)
