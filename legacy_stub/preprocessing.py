"""The data pre-processing unit: keeps a table of features ready for the sidecar to learn from.

The sidecar reads `churn_features`, whole for a training or one customer by key. The table and the
entry in the ledger that announces it change in one transaction, so neither is ever seen alone.
"""

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, Engine, select

from legacy_stub import ledger
from legacy_stub.clock import Clock
from legacy_stub.database import exclusively
from legacy_stub.log import logger
from legacy_stub.tables import DATASET, FEATURES, LABEL, churn_features, customers
from legacy_stub.unit import Progress

log = logger("preprocessing")

_COLUMNS = ("customer_id", *FEATURES, LABEL)


class Preprocessing:
    """Watches the customers and prepares the features anew whenever they have changed."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def step(self) -> Progress:
        """Prepare the data if it has changed."""
        return Progress.IDLE if self.prepare() is None else Progress.WORKED

    def prepare(self, *, again: bool = False) -> int | None:
        """Bring `churn_features` up to date; return the number of the new entry in the ledger.

        Data that equals the last prepared data makes no entry (None), unless `again` asks for it.
        """
        with self._engine.connect() as connection:
            if not again and not _changed(connection, _fingerprint(_rows(connection))):
                return None
        with exclusively(self._engine) as connection:
            rows = _rows(connection)
            fingerprint = _fingerprint(rows)
            if not again and not _changed(connection, fingerprint):
                return None  # another process was quicker
            connection.execute(churn_features.delete())
            if rows:
                connection.execute(churn_features.insert(), rows)
            number = ledger.add(connection, len(rows), fingerprint, self._clock())
        log.info("features.prepared", dataset=DATASET, prepared_id=number, rows=len(rows))
        return number


def _rows(connection: Connection) -> list[dict[str, Any]]:
    columns = [customers.c[name] for name in _COLUMNS]
    found = connection.execute(select(*columns).order_by(customers.c.customer_id))
    return [dict(row) for row in found.mappings()]


def _fingerprint(rows: list[dict[str, Any]]) -> str:
    """SHA-256 of the content; the same in every database."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps([row[name] for name in _COLUMNS]).encode() + b"\n")
    return digest.hexdigest()


def _changed(connection: Connection, fingerprint: str) -> bool:
    last = ledger.latest(connection)
    return last is None or last.fingerprint != fingerprint
