"""What is remembered of the registry's changes, and for how long."""

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import delete, select

from minerva.adapters.metadata import changes, open_metadata
from minerva.adapters.metadata.tables import RegistryChangeRow, RegistryRow
from minerva.errors import Conflict
from minerva.layers.core.security.keystore import StoredKey
from minerva.testing.registry_stores import NOW

KEY = StoredKey("k1", "acme", "ci", "0" * 64, frozenset({"predict"}), NOW, None)


def declare(stores, count, first=0):
    """Change so many services, each once."""
    for number in range(first, first + count):
        stores.configurations.declare("acme", f"s{number:03}", "d1", {}, "ann", NOW)


def kept(stores) -> list[int]:
    """The revisions that are remembered."""
    with stores.database.every_tenant() as session:
        return list(session.scalars(select(RegistryChangeRow.revision).order_by("revision")))


def test_a_revision_without_its_row_means_that_all_is_to_be_read(stores):
    """As an older release writes it, which knows no such rows."""
    declare(stores, 3)
    with stores.database.every_tenant(write=True) as session:
        session.execute(delete(RegistryChangeRow).where(RegistryChangeRow.revision == 2))

    assert stores.revision.served_since(1) is None
    assert [one.configuration.service for one in stores.revision.served_since(2)[1]] == ["s002"]


def test_what_is_long_ago_is_forgotten(stores, monkeypatch):
    monkeypatch.setattr(changes, "KEPT", 5)
    monkeypatch.setattr(changes, "SWEPT_EVERY", 10)

    declare(stores, 20)

    assert kept(stores) == list(range(16, 21))
    assert stores.revision.served_since(14) is None
    assert len(stores.revision.served_since(15)[1]) == 5


@pytest.mark.parametrize(("most", "told"), [(3, True), (2, False)])
def test_who_missed_very_much_reads_all(stores, monkeypatch, most, told):
    monkeypatch.setattr(changes, "MOST", most)

    declare(stores, 3)

    assert (stores.revision.served_since(0) is not None) == told


def test_a_key_changes_no_service(stores):
    declare(stores, 1)
    since = stores.revision.current()
    stores.keys.add(KEY)

    assert stores.revision.served_since(since) == (since + 1, [])


def test_a_change_that_is_refused_leaves_no_row(stores):
    stores.keys.add(KEY)
    with pytest.raises(Conflict):
        stores.keys.add(KEY)

    assert kept(stores) == [1]
    assert stores.revision.current() == 1


def test_what_is_asked_all_the_time_opens_no_transaction_in_postgresql(postgresql_url):
    stores = open_metadata(postgresql_url, 20)
    with stores.database.glance() as session:
        session.scalar(select(RegistryRow.revision))
        raw = session.connection().connection.dbapi_connection

        assert raw.info.transaction_status is TransactionStatus.IDLE
    with stores.database.every_tenant() as session:
        session.scalar(select(RegistryRow.revision))
        raw = session.connection().connection.dbapi_connection

        assert raw.info.transaction_status is TransactionStatus.INTRANS
    stores.close()
