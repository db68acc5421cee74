"""The orchestration unit: has the sidecar learn from newly prepared data, then scores everyone.

Each step begins with what the ledger says, so a restart goes on where a crash left off. Between the
request and the note of it there is a gap that no transaction can close; the idempotency key does:
asking again under the same key leads to the job that the first request made.
"""

import threading
from http import HTTPStatus

from sqlalchemy import Engine

from legacy_stub import ledger
from legacy_stub.clock import Clock
from legacy_stub.deadline import Deadline
from legacy_stub.ledger import Prepared
from legacy_stub.log import logger
from legacy_stub.scoring import score_everyone
from legacy_stub.sidecar import FINAL_STATES, Job, Sidecar, SidecarError
from legacy_stub.tracing import Trace
from legacy_stub.unit import Progress

log = logger("orchestration")

_SECONDS = 10.0  # for asking about a job; the work itself takes as long as it takes


class Orchestration:
    """Takes every entry of the ledger through its training, in order, one step at a time."""

    def __init__(
        self, engine: Engine, sidecar: Sidecar, clock: Clock, stop: threading.Event
    ) -> None:
        self._engine = engine
        self._sidecar = sidecar
        self._clock = clock
        self._stop = stop

    def step(self) -> Progress:
        """Do what the oldest open entry needs next; raises SidecarError when it cannot be had."""
        with self._engine.connect() as connection:
            entry = ledger.oldest_open(connection)
            newest = ledger.latest(connection)
        if entry is None:
            return Progress.IDLE
        trace = Trace.named(entry.idempotency_key)
        with trace.logged():
            if entry.outcome == ledger.SUCCEEDED:
                return self._score(entry, trace)
            if entry.job_id is not None:
                return self._follow(entry, entry.job_id, trace)
            if newest is not None and newest.id != entry.id:
                return self._skip(entry)
            return self._request(entry, trace)

    def _skip(self, entry: Prepared) -> Progress:
        """Newer data has taken the place of this entry's before its training was asked for."""
        ledger.update(self._engine, entry, outcome=ledger.SUPERSEDED)
        log.info("training.skipped", service=self._sidecar.service, prepared_id=entry.id)
        return Progress.WORKED

    def _request(self, entry: Prepared, trace: Trace) -> Progress:
        job = self._sidecar.train(entry.idempotency_key, trace, self._deadline())
        ledger.update(
            self._engine,
            entry,
            requested_at=self._clock(),
            job_id=job.id,
            job_state=job.state,
            progress=job.progress,
        )
        log.info("training.requested", service=self._sidecar.service, job_id=job.id)
        return Progress.WORKED

    def _follow(self, entry: Prepared, job_id: str, trace: Trace) -> Progress:
        try:
            job = self._sidecar.job(job_id, trace, self._deadline())
        except SidecarError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return self._ask_anew(entry, job_id)
        if job.state in FINAL_STATES:
            return self._finish(entry, job)
        if (job.state, job.progress) != (entry.job_state, entry.progress):
            ledger.update(self._engine, entry, job_state=job.state, progress=job.progress)
        return Progress.WAITING

    def _ask_anew(self, entry: Prepared, job_id: str) -> Progress:
        """The sidecar was replaced by one that has never heard of the job."""
        ledger.update(self._engine, entry, requested_at=None, job_id=None, job_state=None)
        log.warning("training.lost", service=self._sidecar.service, job_id=job_id)
        return Progress.WAITING

    def _finish(self, entry: Prepared, job: Job) -> Progress:
        ledger.update(
            self._engine,
            entry,
            job_state=job.state,
            progress=1.0 if job.state == ledger.SUCCEEDED else job.progress,
            trained_at=self._clock(),
            version=job.version,
            outcome=job.state,
            problem=job.problem,
        )
        log.info(
            "training.finished",
            service=self._sidecar.service,
            job_id=job.id,
            version=job.version,
            outcome=job.state,
            error=job.problem,
        )
        return Progress.WORKED

    def _score(self, entry: Prepared, trace: Trace) -> Progress:
        score_everyone(self._engine, self._sidecar, trace, self._clock, self._stop)
        ledger.update(self._engine, entry, scored_at=self._clock())
        return Progress.WORKED

    def _deadline(self) -> Deadline:
        return Deadline(_SECONDS, self._stop)
