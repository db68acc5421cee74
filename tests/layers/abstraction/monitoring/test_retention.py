"""Records are forgotten by age and by number, as each service declares, every ten minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from minerva.layers.abstraction.monitoring.retention import EVERY_S, Retention
from minerva.layers.abstraction.monitoring.store import AT_A_TIME, Span
from minerva.testing.inference_stores import a_record

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = Span("default", "value", NOW - timedelta(days=400), NOW)


@pytest.fixture
def seconds():
    """A clock that is set by hand."""
    return [0.0]


@pytest.fixture
def retention(container, seconds):
    """What forgets."""
    stores = container.stores
    return Retention(
        stores.inferences, stores.truths, stores.revision, lambda: NOW, lambda: seconds[0]
    )


@pytest.fixture
def kept(container):
    """Keep a record of each of some ages; return the ages that are still there."""

    def keep(*ages):
        records = [
            a_record(tenant="default", service="value", at=NOW - timedelta(days=age))
            for age in ages
        ]
        container.stores.inferences.add(records)
        return lambda: [
            (NOW - one.at).days for one in container.stores.inferences.newest(SPAN, 100)
        ]

    return keep


def test_records_are_kept_for_thirty_days(declare, retention, kept):
    declare()
    ages = kept(1, 29, 31, 300)

    retention.sweep()

    assert ages() == [1, 29]


def test_a_service_says_how_long_and_how_many(declare, retention, kept):
    declare(monitoring={"keep_days": 200, "keep_rows": 2})
    ages = kept(1, 31, 100, 300)

    retention.sweep()

    assert ages() == [1, 31]


def test_between_two_looks_nothing_is_asked(declare, retention, kept, seconds):
    declare()
    retention.sweep()
    ages = kept(31)

    retention.sweep()
    assert ages() == [31]

    seconds[0] += EVERY_S
    retention.sweep()
    assert ages() == []


def test_very_many_are_forgotten_a_part_at_each_tick(declare, retention, container):
    declare()
    records = [
        a_record(row, tenant="default", service="value", at=NOW - timedelta(days=40))
        for row in range(AT_A_TIME + 1)
    ]
    container.stores.inferences.add(records)

    retention.sweep()
    assert len(container.stores.inferences.newest(SPAN, 10)) == 1

    retention.sweep()
    assert container.stores.inferences.newest(SPAN, 10) == []
