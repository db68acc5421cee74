"""What every store of recorded predictions must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.store import InferenceStore, Span

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Span("acme", "churn", NOW - 12 * HOUR, NOW + 12 * HOUR)


class InferenceStores(Protocol):
    """What the contract is given."""

    @property
    def inferences(self) -> InferenceStore: ...


def a_record(row: int = 0, **parts: Any) -> InferenceRecord:
    """Return one recorded prediction."""
    made = InferenceRecord(
        tenant="acme",
        service="churn",
        request_id="r-1",
        row=row,
        version=3,
        key="C-1",
        at=NOW,
        ms=1.25,
        degraded=False,
        shadow=False,
        features='{"tenure":3}',
        answer='{"churn":"Yes"}',
    )
    return replace(made, **parts)


class InferenceStoreContract:
    """Records are written many at once, read the newest first, and forgotten."""

    def test_records_read_back_as_they_were_newest_first(self, stores: InferenceStores) -> None:
        first = a_record(key=None, version=None, features=None, degraded=True)
        second = a_record(1, at=NOW + HOUR, shadow=True)
        stores.inferences.add([first, second])
        stores.inferences.add([])

        assert stores.inferences.newest(DAY, 10) == [second, first]
        assert stores.inferences.newest(DAY, 1) == [second]

    def test_a_span_holds_its_beginning_and_not_its_end(self, stores: InferenceStores) -> None:
        stores.inferences.add([a_record(at=DAY.since), a_record(at=DAY.until)])

        assert [one.at for one in stores.inferences.newest(DAY, 10)] == [DAY.since]

    def test_what_a_version_answered_is_told_from_defaults_and_shadows(
        self, stores: InferenceStores
    ) -> None:
        stores.inferences.add(
            [a_record(), a_record(1, version=4), a_record(2, degraded=True), a_record(3, shadow=True)]
        )  # fmt: skip

        assert stores.inferences.newest(DAY, 10, version=3) == [a_record()]

    def test_a_tenant_sees_its_own_and_of_one_service(self, stores: InferenceStores) -> None:
        stores.inferences.add([a_record(tenant="other"), a_record(service="rent")])

        assert stores.inferences.newest(DAY, 10) == []
        assert stores.inferences.newest(replace(DAY, service="rent"), 10) == [
            a_record(service="rent")
        ]

    def test_what_is_too_old_is_forgotten(self, stores: InferenceStores) -> None:
        old, new = a_record(at=NOW - 2 * HOUR), a_record()
        others = [replace(old, tenant="other"), replace(old, service="rent")]
        stores.inferences.add([old, new, *others])

        assert stores.inferences.prune("acme", "churn", NOW - HOUR, 100) == 1
        assert stores.inferences.prune("acme", "churn", NOW - HOUR, 100) == 0
        assert stores.inferences.newest(DAY, 10) == [new]
        assert stores.inferences.newest(replace(DAY, tenant="other"), 10) == others[:1]
        assert stores.inferences.newest(replace(DAY, service="rent"), 10) == others[1:]

    def test_of_too_many_the_newest_stay(self, stores: InferenceStores) -> None:
        records = [a_record(row, at=NOW + row * timedelta(seconds=1)) for row in range(10)]
        stores.inferences.add(records)

        assert stores.inferences.prune("acme", "churn", NOW - HOUR, 4) == 6
        assert [one.row for one in stores.inferences.newest(DAY, 10)] == [9, 8, 7, 6]
