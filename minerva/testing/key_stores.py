"""What every store of API keys must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.core.security.keystore import KeyStore, StoredKey
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class KeyStores(Protocol):
    """What the contract is given."""

    @property
    def keys(self) -> KeyStore: ...
    @property
    def revision(self) -> RevisionStore: ...


def a_key(key_id: str = "k1", tenant: str = "acme") -> StoredKey:
    """Return a key that was just made."""
    return StoredKey(
        id=key_id,
        tenant=tenant,
        name="the backend",
        secret_hash="scrypt$1$2",  # noqa: S106 - made up
        scopes=frozenset({"predict", "feedback"}),
        created_at=NOW,
        revoked_at=None,
    )


class KeyStoreContract:
    """Keys are found across tenants, listed and revoked within one."""

    def test_a_key_is_found_as_it_was_added(self, stores: KeyStores) -> None:
        stores.keys.add(a_key())

        assert stores.keys.find("k1") == a_key()
        assert stores.keys.find("k2") is None

    def test_a_key_of_any_tenant_is_found(self, stores: KeyStores) -> None:
        stores.keys.add(a_key("k1", "acme"))
        stores.keys.add(a_key("k2", "other"))

        assert [stores.keys.find("k1"), stores.keys.find("k2")] == [
            a_key("k1", "acme"),
            a_key("k2", "other"),
        ]

    def test_there_is_no_key_before_the_first(self, stores: KeyStores) -> None:
        before = stores.keys.any()
        stores.keys.add(a_key())

        assert (before, stores.keys.any()) == (False, True)

    def test_adding_bumps_the_registry(self, stores: KeyStores) -> None:
        stores.keys.add(a_key())

        assert stores.revision.current() == 1

    def test_an_id_is_used_once_even_across_tenants(self, stores: KeyStores) -> None:
        stores.keys.add(a_key("k1", "acme"))

        with pytest.raises(Conflict, match="k1"):
            stores.keys.add(a_key("k1", "other"))

        assert stores.keys.find("k1") == a_key("k1", "acme")
        assert stores.revision.current() == 1

    def test_of_many_who_add_one_id_one_succeeds(self, stores: KeyStores) -> None:
        def add(number: int) -> bool:
            try:
                stores.keys.add(replace(a_key(), name=str(number)))
            except Conflict:
                return False
            return True

        assert sum(at_once(8, add)) == 1
        assert stores.revision.current() == 1

    def test_a_tenant_lists_its_own_keys_oldest_first(self, stores: KeyStores) -> None:
        old = replace(a_key("k9"), created_at=NOW - timedelta(days=1))
        for key in (a_key("k1"), old, a_key("k5", "other")):
            stores.keys.add(key)

        assert stores.keys.list("acme") == [old, a_key("k1")]

    def test_a_revoked_key_stays_with_the_time_it_ended_and_bumps_the_registry(
        self, stores: KeyStores
    ) -> None:
        stores.keys.add(a_key())

        revoked = stores.keys.revoke("acme", "k1", NOW)

        assert revoked == replace(a_key(), revoked_at=NOW)
        assert stores.keys.find("k1") == revoked
        assert stores.keys.list("acme") == [revoked]
        assert stores.revision.current() == 1 + 1

    def test_revoking_again_changes_nothing(self, stores: KeyStores) -> None:
        stores.keys.add(a_key())
        first = stores.keys.revoke("acme", "k1", NOW)
        revision = stores.revision.current()

        again = stores.keys.revoke("acme", "k1", NOW + timedelta(hours=1))

        assert again == first
        assert stores.revision.current() == revision

    def test_a_tenant_cannot_revoke_the_key_of_another(self, stores: KeyStores) -> None:
        stores.keys.add(a_key())

        assert stores.keys.revoke("other", "k1", NOW) is None
        assert stores.keys.find("k1") == a_key()
