"""The one verb: predict. Every transport ends here."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

import structlog

from minerva.algorithm import Explains
from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    Fault,
    InvalidInput,
    MinervaError,
    Unavailable,
)
from minerva.layers.abstraction.serving.answers import answer_rows
from minerva.layers.abstraction.serving.live import LiveService, LiveServices
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.layers.abstraction.training.source import DataSource
from minerva.schema import Batch, Decoder
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.table import plain_row

log = structlog.get_logger()


@dataclass(frozen=True)
class Question:
    """What is asked: records as JSON objects, or keys to look up; exactly one of both."""

    records: Sequence[Any] | None = None
    keys: Sequence[Any] | None = None
    explain: bool = False


@dataclass(frozen=True)
class Answer:
    """One prediction per record or key, in order. `degraded`: the declared default, not a model."""

    predictions: list[dict[str, Any]]
    service: str
    version: str | None
    degraded: bool
    job_id: str | None
    """The job that made the version, so that one log tells the whole story."""


@dataclass(frozen=True)
class Predictor:
    """Answers questions from the live services."""

    live: LiveServices
    source_of: Callable[[LiveService], DataSource]
    """Gives the opened data source of a service, for questions by key."""
    executor: Executor
    """Where calls with a deadline run."""

    def predict(self, tenant: str, service: str, question: Question) -> Answer:
        """Answer, by the champion or else by the declared default.

        Raises NotFound, InvalidInput, Unavailable, AlgorithmFailed or DeadlineExceeded.
        """
        live = self._find(tenant, service)
        batch = None if question.records is None else _decoder(live).records(question.records)
        try:
            loaded = _serving(live)
            rows = self._within_deadline(live, lambda: self._answer(live, loaded, question, batch))
        except (Unavailable, AlgorithmFailed, DeadlineExceeded) as error:
            keys = question.keys or () if batch is None else batch.keys or [None] * len(batch)
            return _degraded(live, keys, error)
        version = loaded.version
        return Answer(rows, service, str(version.number), False, version.job_id)

    def _find(self, tenant: str, service: str) -> LiveService:
        """Return the service; one without a version may have been trained a moment ago."""
        live = self.live.find(tenant, service)
        if live.champion is not None:
            return live
        self.live.catch_up()
        return self.live.find(tenant, service)

    def _answer(
        self, live: LiveService, loaded: LoadedVersion, question: Question, batch: Batch | None
    ) -> list[dict[str, Any]]:
        found = self._look_up(live, question.keys or ()) if batch is None else batch
        return _ask(loaded, found, question.explain)

    def _look_up(self, live: LiveService, keys: Sequence[Any]) -> Batch:
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
        return _decoder(live).records(records, where="/keys")

    def _within_deadline(
        self, live: LiveService, work: Callable[[], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Do the work in one of the service's places, which it holds until it really ends."""
        give_back = _take_place(live)
        deadline_ms = live.declaration.serving.deadline_ms
        if deadline_ms is None:
            try:
                return work()
            finally:
                give_back()
        try:
            future = self.executor.submit(contextvars.copy_context().run, work)
        except RuntimeError as error:
            give_back()
            raise Unavailable("The sidecar is shutting down: ask again.") from error
        future.add_done_callback(lambda _: give_back())
        try:
            return future.result(timeout=deadline_ms / 1000)
        except FutureTimeoutError:
            future.cancel()
            raise DeadlineExceeded(
                f"Service {live.declaration.service!r} did not answer within {deadline_ms} ms."
            ) from None


def _decoder(live: LiveService) -> Decoder:
    return live.loaded.decoder if live.loaded else Decoder(live.schema)


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


def _ask(loaded: LoadedVersion, batch: Batch, explain: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - passed on as it was asked
    try:
        rows = answer_rows(batch, loaded.model.predict(batch))
        if explain:
            _explain(loaded, batch, rows)
    except MinervaError:
        raise
    except (Exception, SystemExit) as error:
        log.exception("prediction.raised", version=loaded.version.number)
        raise AlgorithmFailed(f"The model of service {loaded.version.service!r} failed.") from error
    return rows


def _explain(loaded: LoadedVersion, batch: Batch, rows: list[dict[str, Any]]) -> None:
    if not isinstance(loaded.model, Explains):
        raise InvalidInput(
            "This service cannot explain its predictions.",
            faults=[Fault("/explain", "not offered by the algorithm; leave it out")],
        )
    contributions = loaded.model.explain(batch).tolist()
    for row, values in zip(rows, contributions, strict=True):
        row["explanation"] = dict(zip(batch.schema.features, values, strict=True))


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
    return Answer(rows, live.declaration.service, version, True, None)
