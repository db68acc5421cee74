"""The main subsystem's scoring of everyone: all customers, in chunks, into `churn_scores`."""

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from legacy_stub.clock import Clock
from legacy_stub.customers import Customer, each
from legacy_stub.deadline import Deadline
from legacy_stub.log import logger
from legacy_stub.sidecar import Predictions, Sidecar, SidecarError
from legacy_stub.tables import churn_scores
from legacy_stub.tracing import Trace

if TYPE_CHECKING:
    import datetime as dt

log = logger("main")

_CHUNK = 500
_SECONDS = 30.0  # for one chunk; nobody is looking at a page meanwhile


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring came to."""

    rows: int
    version: str | None


def score_everyone(
    engine: Engine, sidecar: Sidecar, trace: Trace, clock: Clock, stop: threading.Event
) -> Scored:
    """Score all customers anew, keeping each chunk as soon as it is there.

    Raises SidecarError when a chunk fails, when no model answers, or when `stop` is set; doing it
    all again does no harm.
    """
    begun, rows, version = time.perf_counter(), 0, None
    for number, chunk in enumerate(each(engine, _CHUNK), start=1):
        part = trace.part(number)
        with part.logged():
            answer = _ask(sidecar, chunk, part, stop)
        with engine.begin() as connection:
            _store(connection, _rows(answer, part, clock()))
        rows, version = rows + len(chunk), answer.version
    log.info(
        "customers.scored",
        service=sidecar.service,
        version=version,
        rows=rows,
        seconds=round(time.perf_counter() - begun, 3),
        request_id=trace.request_id,
        trace_id=trace.trace_id,
    )
    return Scored(rows, version)


def _ask(
    sidecar: Sidecar, chunk: list[Customer], trace: Trace, stop: threading.Event
) -> Predictions:
    records = [customer.record() for customer in chunk]
    answer = sidecar.predict(records, trace, Deadline(_SECONDS, stop))
    log.info(
        "prediction.received",
        service=sidecar.service,
        version=answer.version,
        degraded=answer.degraded,
        rows=len(chunk),
    )
    if answer.degraded:  # good enough for a page, but no score: a new version may be on its way
        raise SidecarError("degraded", "The sidecar answered with its default, not by a model.")
    return answer


def _rows(answer: Predictions, trace: Trace, now: "dt.datetime") -> list[dict[str, object]]:
    return [
        {
            "customer_id": customer_id,
            "churn": foretold.churn,
            "probability": foretold.probability,
            "version": answer.version,
            "degraded": answer.degraded,
            "request_id": trace.request_id,
            "scored_at": now,
        }
        for customer_id, foretold in answer.by_customer.items()
    ]


def _store(connection: Connection, rows: list[dict[str, object]]) -> None:
    """Insert the scores, or replace those that a customer already has."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(churn_scores)
    newer = {name: insert.excluded[name] for name in rows[0] if name != "customer_id"}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["customer_id"], set_=newer), rows
    )
