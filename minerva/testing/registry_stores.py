"""What every store of configurations and versions must do; see `alias_stores` for aliases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Protocol

import pytest

from minerva.errors import Conflict, NotFound
from minerva.layers.abstraction.registry.records import CHAMPION, NewVersion, Quarantine, Version
from minerva.layers.abstraction.registry.store import (
    AliasStore,
    ConfigurationStore,
    QuarantineStore,
    RevisionStore,
    VersionStore,
)
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
DECLARATION: dict[str, Any] = {"service": "churn", "schema": {"zip": 1, "age": [True, None, 0.1]}}


class RegistryStores(Protocol):
    """What the contract is given."""

    @property
    def configurations(self) -> ConfigurationStore: ...
    @property
    def versions(self) -> VersionStore: ...
    @property
    def aliases(self) -> AliasStore: ...
    @property
    def quarantines(self) -> QuarantineStore: ...
    @property
    def revision(self) -> RevisionStore: ...


def a_version(digest: str = "v", service: str = "churn", tenant: str = "acme") -> NewVersion:
    """Return a version that is about to be registered."""
    return NewVersion(
        tenant=tenant,
        service=service,
        digest=digest,
        manifest={"files": {"model.ubj": "9f"}, "algorithm": "constant"},
        metrics={"roc_auc": 0.84, "log_loss": 0.4},
        configuration_revision=1,
        job_id=None,
        created_at=NOW,
    )


class RegistryStoreContract:
    """Configurations, versions and the registry revision, as one registry."""

    def test_a_declaration_becomes_revision_1_and_reads_back_as_it_was(
        self, stores: RegistryStores
    ) -> None:
        made = stores.configurations.declare("acme", "churn", "d1", DECLARATION, "ann", NOW)

        assert (made.revision, made.author, made.created_at) == (1, "ann", NOW)
        assert stores.configurations.latest("acme", "churn") == made
        assert stores.configurations.get("acme", "churn", 1) == made

    def test_a_declaration_keeps_the_order_of_its_fields(self, stores: RegistryStores) -> None:
        stores.configurations.declare("acme", "churn", "d1", DECLARATION, "ann", NOW)

        read = stores.configurations.latest("acme", "churn")

        assert read is not None
        assert list(read.declaration["schema"]) == ["zip", "age"]

    def test_the_same_digest_makes_no_new_revision(self, stores: RegistryStores) -> None:
        first = stores.configurations.declare("acme", "churn", "d1", DECLARATION, "ann", NOW)
        revision = stores.revision.current()

        again = stores.configurations.declare("acme", "churn", "d1", DECLARATION, "bob", NOW)

        assert again == first
        assert stores.revision.current() == revision

    def test_another_digest_makes_the_next_revision_and_bumps_once(
        self, stores: RegistryStores
    ) -> None:
        stores.configurations.declare("acme", "churn", "d1", DECLARATION, "ann", NOW)
        revision = stores.revision.current()

        second = stores.configurations.declare("acme", "churn", "d2", {}, "ann", NOW)

        assert second.revision == 2
        assert stores.revision.current() == revision + 1

    def test_an_old_declaration_that_comes_back_is_a_new_revision(
        self, stores: RegistryStores
    ) -> None:
        for digest in ("d1", "d2", "d1"):
            last = stores.configurations.declare("acme", "churn", digest, {}, "ann", NOW)

        assert last.revision == 3
        assert stores.configurations.latest("acme", "churn") == last

    def test_the_newest_of_each_service_is_listed_by_name(self, stores: RegistryStores) -> None:
        for service, digest in [("b-x", "1"), ("b_a", "1"), ("ba", "1"), ("b_a", "2")]:
            stores.configurations.declare("acme", service, digest, {}, "ann", NOW)

        listed = stores.configurations.list_latest("acme")

        assert [(c.service, c.revision) for c in listed] == [("b-x", 1), ("b_a", 2), ("ba", 1)]

    def test_what_was_never_declared_is_none(self, stores: RegistryStores) -> None:
        assert stores.configurations.latest("acme", "churn") is None
        assert stores.configurations.get("acme", "churn", 1) is None
        assert stores.configurations.list_latest("acme") == []

    def test_of_many_who_declare_the_same_one_makes_the_revision(
        self, stores: RegistryStores
    ) -> None:
        made = at_once(
            8, lambda i: stores.configurations.declare("acme", "churn", "d1", {}, str(i), NOW)
        )

        assert {configuration.revision for configuration in made} == {1}
        assert len({configuration.author for configuration in made}) == 1
        assert stores.revision.current() == 1

    def test_versions_are_numbered_from_1_within_their_service(
        self, stores: RegistryStores
    ) -> None:
        numbers = [
            stores.versions.register(a_version(digest, service)).number
            for digest, service in [("v1", "churn"), ("v2", "churn"), ("v1", "fraud")]
        ]

        assert numbers == [1, 2, 1]

    def test_a_version_reads_back_as_it_was(self, stores: RegistryStores) -> None:
        new = replace(a_version(), job_id="job-1")

        made = stores.versions.register(new)

        assert stores.versions.get("acme", "churn", 1) == made
        assert made.number == 1
        assert NewVersion(**_fields(made)) == new
        assert stores.versions.get("acme", "churn", 2) is None

    def test_versions_are_listed_newest_first(self, stores: RegistryStores) -> None:
        for digest in ("v1", "v2", "v3"):
            stores.versions.register(a_version(digest))

        assert [version.number for version in stores.versions.list("acme", "churn")] == [3, 2, 1]

    def test_the_same_content_is_registered_once(self, stores: RegistryStores) -> None:
        first = stores.versions.register(a_version("v1"))
        revision = stores.revision.current()

        again = stores.versions.register(replace(a_version("v1"), job_id="other"))

        assert again == first
        assert stores.revision.current() == revision

    def test_a_job_registers_one_version_even_if_its_second_attempt_made_another(
        self, stores: RegistryStores
    ) -> None:
        first = stores.versions.register(replace(a_version("v1"), job_id="job-1"))

        again = stores.versions.register(replace(a_version("v2"), job_id="job-1"))

        assert again == first
        assert len(stores.versions.list("acme", "churn")) == 1

    def test_versions_without_a_job_do_not_hinder_each_other(self, stores: RegistryStores) -> None:
        stores.versions.register(a_version("v1"))

        assert stores.versions.register(a_version("v2")).number == 2

    def test_twenty_registrations_at_once_get_the_numbers_1_to_20(
        self, stores: RegistryStores
    ) -> None:
        made = at_once(20, lambda i: stores.versions.register(a_version(f"v{i}")))

        assert sorted(version.number for version in made) == list(range(1, 21))
        assert stores.revision.current() == 20

    def test_of_many_who_register_the_same_all_get_one_version(
        self, stores: RegistryStores
    ) -> None:
        made = at_once(8, lambda _: stores.versions.register(a_version("v1")))

        assert {version.number for version in made} == {1}
        assert stores.revision.current() == 1

    def test_versions_are_pruned_once_and_nothing_that_is_served_changes(
        self, stores: RegistryStores
    ) -> None:
        self._register(stores, 3)
        revision = stores.revision.current()

        pruned = stores.versions.prune("acme", "churn", [1, 2, 9], NOW)
        again = stores.versions.prune("acme", "churn", [1], NOW + timedelta(days=1))

        assert [(version.number, version.pruned_at) for version in pruned] == [(2, NOW), (1, NOW)]
        assert again == []
        listed = stores.versions.list("acme", "churn")
        assert [version.pruned_at for version in listed] == [None, NOW, NOW]
        assert stores.versions.get("acme", "churn", 1) == listed[2]
        assert stores.revision.current() == revision

    def test_digests_in_use_are_those_of_every_tenant_without_what_was_pruned(
        self, stores: RegistryStores
    ) -> None:
        self._register(stores, 3)
        stores.versions.register(a_version("v1", tenant="other"))

        stores.versions.prune("acme", "churn", [1, 2], NOW)

        assert stores.versions.digests_in_use() == {"v1", "v3"}

    def test_a_pruned_version_whose_content_comes_again_is_there_again(
        self, stores: RegistryStores
    ) -> None:
        first = stores.versions.register(a_version("v1"))
        stores.versions.prune("acme", "churn", [1], NOW)
        revision = stores.revision.current()

        assert stores.versions.register(a_version("v1")) == first

        assert stores.versions.digests_in_use() == {"v1"}
        assert stores.revision.current() == revision + 1

    def test_a_pruned_version_of_a_job_does_not_come_back_with_other_content(
        self, stores: RegistryStores
    ) -> None:
        stores.versions.register(replace(a_version("v1"), job_id="job-1"))
        stores.versions.prune("acme", "churn", [1], NOW)

        again = stores.versions.register(replace(a_version("v2"), job_id="job-1"))

        assert (again.number, again.pruned_at) == (1, NOW)

    def test_an_empty_registry_is_at_revision_0_and_serves_nothing(
        self, stores: RegistryStores
    ) -> None:
        assert stores.revision.current() == 0
        assert stores.revision.served() == (0, [])
        assert stores.revision.served_since(0) == (0, [])

    def test_what_changed_since_a_revision_is_told_once_for_each_service(
        self, stores: RegistryStores
    ) -> None:
        for service in ("churn", "price"):
            stores.configurations.declare("acme", service, "d1", {}, "ann", NOW)
        since = stores.revision.current()
        self._register(stores, 2)
        for number in (1, 2):
            stores.aliases.point("acme", "churn", CHAMPION, number, "ann", "", NOW)

        found = stores.revision.served_since(since)

        revision, served = stores.revision.served()
        assert found == (revision, [served[0]])
        assert served[0].configuration.service == "churn"
        assert stores.revision.served_since(revision) == (revision, [])

    def test_each_way_to_change_a_service_is_told(self, stores: RegistryStores) -> None:
        declared = stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        self._register(stores, 2)

        def told(change: Callable[[], object]) -> list[str]:
            since = stores.revision.current()
            change()
            found = stores.revision.served_since(since)
            return [] if found is None else [one.configuration.service for one in found[1]]

        quarantine = Quarantine("acme", "churn", 2, "ann", "", NOW)
        assert told(lambda: stores.quarantines.add(quarantine)) == ["churn"]
        assert told(lambda: stores.quarantines.remove("acme", "churn", 2)) == ["churn"]
        assert told(lambda: stores.versions.register(a_version("v3"))) == ["churn"]
        assert told(lambda: stores.configurations.derive(declared, "d2", {}, "ann", NOW, "")) == [
            "churn"
        ]

    def test_what_changed_since_a_revision_to_come_is_not_known(
        self, stores: RegistryStores
    ) -> None:
        """As after a backup was restored."""
        stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)

        assert stores.revision.served_since(stores.revision.current() + 5) is None

    def test_a_tenant_sees_nothing_of_another(self, stores: RegistryStores) -> None:
        stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        self._register(stores, 1)

        assert stores.configurations.latest("other", "churn") is None
        assert stores.configurations.get("other", "churn", 1) is None
        assert stores.configurations.list_latest("other") == []
        assert stores.versions.get("other", "churn", 1) is None
        assert stores.versions.list("other", "churn") == []
        assert stores.versions.prune("other", "churn", [1], NOW) == []
        with pytest.raises(NotFound):
            stores.aliases.point("other", "churn", CHAMPION, 1, "eve", "", NOW)

    def test_the_same_names_in_two_tenants_are_two_services(self, stores: RegistryStores) -> None:
        stores.configurations.declare("acme", "churn", "d1", {"of": "acme"}, "ann", NOW)
        stores.configurations.declare("other", "churn", "d2", {"of": "other"}, "bob", NOW)
        stores.versions.register(a_version("v1"))

        version = stores.versions.register(a_version("v1", tenant="other"))

        assert version.number == 1
        assert [c.declaration for c in stores.configurations.list_latest("other")] == [
            {"of": "other"}
        ]

    def test_a_derived_revision_counts_until_another_file_comes(
        self, stores: RegistryStores
    ) -> None:
        first = stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW, "at first")
        derived = stores.configurations.derive(first, "d2", {"a": 1}, "bob", NOW, "better")

        same_file = stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        other_file = stores.configurations.declare("acme", "churn", "d3", {}, "ann", NOW)

        assert same_file == derived
        assert (derived.revision, derived.origin, derived.reason) == (2, "d1", "better")
        assert derived.derived
        assert (other_file.revision, other_file.origin) == (3, "d3")
        listed = stores.configurations.list("acme", "churn")
        assert [one.revision for one in listed] == [3, 2, 1]
        assert listed[2].reason == "at first"
        assert stores.configurations.list("other", "churn") == []

    def test_what_is_not_the_newest_any_more_is_not_derived_from(
        self, stores: RegistryStores
    ) -> None:
        first = stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        stores.configurations.declare("acme", "churn", "d2", {}, "ann", NOW)

        with pytest.raises(Conflict, match="declared anew"):
            stores.configurations.derive(first, "d3", {}, "bob", NOW, "better")

        assert len(stores.configurations.list("acme", "churn")) == 2

    def test_times_come_back_in_utc(self, stores: RegistryStores) -> None:
        elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
        stores.configurations.declare("acme", "churn", "d1", {}, "ann", elsewhere)

        read = stores.configurations.latest("acme", "churn")

        assert read is not None
        assert read.created_at == NOW
        assert read.created_at.utcoffset() == timedelta(0)

    @staticmethod
    def _register(stores: RegistryStores, count: int) -> None:
        for number in range(1, count + 1):
            stores.versions.register(a_version(f"v{number}"))


def _fields(version: Version) -> dict[str, Any]:
    return {name: getattr(version, name) for name in NewVersion.__dataclass_fields__}
