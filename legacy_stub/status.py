"""How the units are doing, as far as the database and one look at the sidecar tell."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from legacy_stub import ledger
from legacy_stub.deadline import Deadline
from legacy_stub.sidecar import Sidecar
from legacy_stub.tables import churn_scores, customers

_SECONDS = 0.5


def status(engine: Engine, sidecar: Sidecar) -> dict[str, Any]:
    """The state of every unit, ready for JSON once moments are written as text.

    `main`: customers and scores; `preprocessing`: the newest prepared data; `orchestration`: the
    newest training, with `progress` from 0 to 1; the last two are None before there is any.
    """
    reachable = sidecar.alive(Deadline(_SECONDS))
    with engine.connect() as connection:
        prepared = ledger.latest(connection)
        training = ledger.latest_training(connection)
        return {
            "sidecar": {"service": sidecar.service, "reachable": reachable},
            "main": _scores(connection),
            "preprocessing": prepared and _part(prepared, *_PREPARED),
            "orchestration": training and _part(training, *_TRAINED),
        }


_PREPARED = ("id", "dataset", "rows", "fingerprint", "prepared_at")
_TRAINED = (
    *("id", "job_id", "job_state", "progress", "version", "outcome", "problem"),
    *("requested_at", "trained_at", "scored_at"),
)


def _part(entry: ledger.Prepared, *names: str) -> dict[str, Any]:
    known = asdict(entry)
    return {name: known[name] for name in names}


def _scores(connection: Connection) -> dict[str, Any]:
    subscribers = connection.execute(select(func.count()).select_from(customers)).scalar_one()
    newest = select(churn_scores.c.version, churn_scores.c.scored_at).order_by(
        churn_scores.c.scored_at.desc()
    )
    last = connection.execute(newest.limit(1)).one_or_none()
    return {
        "customers": subscribers,
        "scored": connection.execute(select(func.count(churn_scores.c.customer_id))).scalar_one(),
        "version": last.version if last else None,
        "scored_at": last.scored_at if last else None,
    }
