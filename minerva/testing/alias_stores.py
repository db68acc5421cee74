"""What every store of aliases and quarantines must do, and what is served because of them."""

from __future__ import annotations

import pytest

from minerva.errors import Conflict, NotFound
from minerva.layers.abstraction.registry.records import (
    CHALLENGER,
    CHAMPION,
    SHADOW,
    STANDBY,
    AliasChange,
    Quarantine,
    Served,
    Version,
    as_served,
)
from minerva.testing.registry_stores import NOW, RegistryStores, a_version
from minerva.testing.threads import at_once


def a_quarantine(
    number: int = 1, reason: str = "it crashed", author: str = "breaker"
) -> Quarantine:
    """Return a quarantine of one of acme's versions."""
    return Quarantine("acme", "churn", number, author, reason, NOW)


def point(
    stores: RegistryStores,
    alias: str,
    number: int | None,
    share: float | None = None,
    only_from: int | None = None,
) -> tuple[AliasChange, bool]:
    """Move one of acme's aliases; return its newest movement and whether this was it."""
    return stores.aliases.point(
        "acme", "churn", alias, number, "ann", "why", NOW, share=share, only_from=only_from
    )


def served_version(stores: RegistryStores, number: int) -> Version:
    """Return one of acme's versions as it is served."""
    version = stores.versions.get("acme", "churn", number)
    assert version is not None
    return as_served(version)


class AliasStoreContract:
    """Aliases, their shares and histories, and quarantines, beside versions."""

    def test_an_alias_points_to_a_version_and_remembers_the_one_before(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 2)

        first = stores.aliases.point("acme", "churn", CHAMPION, 1, "ann", "first", NOW)
        second = stores.aliases.point("acme", "churn", CHAMPION, 2, "bob", "better", NOW)

        assert first == (AliasChange("acme", "churn", CHAMPION, 1, None, "ann", "first", NOW), True)
        assert second == (AliasChange("acme", "churn", CHAMPION, 2, 1, "bob", "better", NOW), True)
        assert stores.aliases.current("acme", "churn") == {CHAMPION: 2}
        assert stores.aliases.latest("acme", "churn") == {CHAMPION: second[0]}
        assert stores.aliases.history("acme", "churn", CHAMPION) == [second[0], first[0]]

    def test_each_alias_moves_by_itself(self, stores: RegistryStores) -> None:
        register(stores, 2)
        point(stores, CHAMPION, 1)
        point(stores, SHADOW, 2)

        assert stores.aliases.current("acme", "churn") == {CHAMPION: 1, SHADOW: 2}
        assert len(stores.aliases.history("acme", "churn", SHADOW)) == 1

    def test_pointing_where_it_points_changes_nothing(self, stores: RegistryStores) -> None:
        register(stores, 1)
        first, _ = point(stores, CHALLENGER, 1, 10.0)
        revision = stores.revision.current()

        again = stores.aliases.point("acme", "churn", CHALLENGER, 1, "bob", "", NOW, share=10.0)

        assert again == (first, False)
        assert stores.revision.current() == revision

    def test_moving_an_alias_bumps_the_registry_once(self, stores: RegistryStores) -> None:
        register(stores, 1)
        revision = stores.revision.current()

        point(stores, CHAMPION, 1)

        assert stores.revision.current() == revision + 1

    def test_another_share_is_a_movement_too(self, stores: RegistryStores) -> None:
        register(stores, 1)
        point(stores, CHALLENGER, 1, 10.0)
        revision = stores.revision.current()

        change, moved = point(stores, CHALLENGER, 1, 33.3)

        assert (change.number, change.previous, change.share, moved) == (1, 1, 33.3, True)
        assert stores.aliases.latest("acme", "churn")[CHALLENGER].share == 33.3
        assert stores.revision.current() == revision + 1

    def test_an_alias_that_was_taken_away_names_nothing_and_keeps_its_history(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 1)
        before, _ = point(stores, CHALLENGER, 1, 5.0)
        revision = stores.revision.current()

        away, moved = point(stores, CHALLENGER, None)

        assert (away.number, away.previous, away.share, moved) == (None, 1, None, True)
        assert stores.aliases.current("acme", "churn") == {}
        assert stores.aliases.latest("acme", "churn") == {}
        assert stores.aliases.history("acme", "churn", CHALLENGER) == [away, before]
        assert stores.revision.current() == revision + 1

    def test_to_take_an_alias_away_again_changes_nothing(self, stores: RegistryStores) -> None:
        register(stores, 1)
        point(stores, SHADOW, 1)
        away, _ = point(stores, SHADOW, None)

        assert point(stores, SHADOW, None) == (away, False)

    def test_an_alias_that_was_taken_away_can_come_back(self, stores: RegistryStores) -> None:
        register(stores, 1)
        for number in (1, None):
            point(stores, SHADOW, number)

        change, moved = point(stores, SHADOW, 1)

        assert (change.number, change.previous, moved) == (1, None, True)
        assert stores.aliases.current("acme", "churn") == {SHADOW: 1}

    def test_an_alias_that_never_was_cannot_be_taken_away(self, stores: RegistryStores) -> None:
        register(stores, 1)

        with pytest.raises(NotFound, match="no shadow"):
            point(stores, SHADOW, None)

    def test_an_alias_is_moved_only_from_where_it_was_expected(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 3)
        at_two, _ = point(stores, CHAMPION, 2)
        revision = stores.revision.current()

        assert point(stores, CHAMPION, 1, only_from=3) == (at_two, False)
        assert stores.revision.current() == revision
        assert point(stores, CHAMPION, 1, only_from=2)[1] is True

    def test_an_alias_cannot_point_to_a_version_that_is_not_there(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 1)
        revision = stores.revision.current()

        with pytest.raises(NotFound, match="no version 2"):
            point(stores, CHAMPION, 2)

        assert stores.aliases.current("acme", "churn") == {}
        assert stores.revision.current() == revision

    def test_an_alias_cannot_point_to_a_version_in_quarantine(self, stores: RegistryStores) -> None:
        register(stores, 1)
        stores.quarantines.add(a_quarantine(1, "it crashed."))

        with pytest.raises(
            Conflict, match=r"in quarantine: it crashed\. .* minerva versions release churn 1"
        ):
            point(stores, SHADOW, 1)

        assert stores.aliases.current("acme", "churn") == {}

    def test_an_alias_cannot_point_to_a_pruned_version(self, stores: RegistryStores) -> None:
        register(stores, 1)
        stores.versions.prune("acme", "churn", [1], NOW)

        with pytest.raises(Conflict, match="was pruned on 2026-03-01"):
            point(stores, CHAMPION, 1)

    def test_movements_at_once_make_one_unbroken_history(self, stores: RegistryStores) -> None:
        register(stores, 8)

        at_once(8, lambda i: point(stores, CHAMPION, i + 1))

        history = stores.aliases.history("acme", "churn", CHAMPION)
        assert len(history) == 8
        assert [change.previous for change in history] == [
            *[change.number for change in history[1:]],
            None,
        ]

    def test_of_many_who_move_an_alias_from_one_version_one_does(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 9)
        point(stores, CHAMPION, 9)

        moves = at_once(8, lambda i: point(stores, CHAMPION, i + 1, only_from=9))

        assert [moved for _, moved in moves].count(True) == 1
        assert len({change.number for change, _ in moves}) == 1

    def test_a_quarantine_reads_back_as_it_was(self, stores: RegistryStores) -> None:
        register(stores, 2)
        revision = stores.revision.current()

        added = [stores.quarantines.add(a_quarantine(number)) for number in (2, 1)]

        assert added == [True, True]
        listed = stores.quarantines.list("acme", "churn")
        assert dict(listed) == {1: a_quarantine(1), 2: a_quarantine(2)}
        assert list(listed) == [1, 2]
        assert stores.revision.current() == revision + 2

    def test_the_first_reason_of_a_quarantine_stays(self, stores: RegistryStores) -> None:
        register(stores, 1)
        stores.quarantines.add(a_quarantine(1, "it crashed"))
        revision = stores.revision.current()

        assert stores.quarantines.add(a_quarantine(1, "it was slow")) is False

        assert stores.quarantines.list("acme", "churn")[1].reason == "it crashed"
        assert stores.revision.current() == revision

    def test_of_many_who_quarantine_a_version_one_does(self, stores: RegistryStores) -> None:
        register(stores, 1)
        revision = stores.revision.current()

        added = at_once(8, lambda i: stores.quarantines.add(a_quarantine(1, author=str(i))))

        assert added.count(True) == 1
        assert stores.quarantines.list("acme", "churn")[1].author == str(added.index(True))
        assert stores.revision.current() == revision + 1

    def test_a_released_version_may_be_named_again(self, stores: RegistryStores) -> None:
        register(stores, 1)
        stores.quarantines.add(a_quarantine(1))
        revision = stores.revision.current()

        assert stores.quarantines.remove("acme", "churn", 1) == a_quarantine(1)

        assert stores.quarantines.list("acme", "churn") == {}
        assert stores.revision.current() == revision + 1
        assert point(stores, CHAMPION, 1)[1] is True

    def test_what_is_not_in_quarantine_cannot_be_released(self, stores: RegistryStores) -> None:
        register(stores, 1)
        revision = stores.revision.current()

        assert stores.quarantines.remove("acme", "churn", 1) is None
        assert stores.revision.current() == revision

    def test_a_version_that_is_not_there_cannot_be_quarantined(
        self, stores: RegistryStores
    ) -> None:
        with pytest.raises(NotFound, match="no version 1"):
            stores.quarantines.add(a_quarantine(1))

    def test_served_is_the_newest_configuration_and_what_the_aliases_of_every_tenant_name(
        self, stores: RegistryStores
    ) -> None:
        stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        newest = stores.configurations.declare("acme", "churn", "d2", {}, "ann", NOW)
        other = stores.configurations.declare("other", "churn", "d1", {}, "ann", NOW)
        register(stores, 3)
        for number in (1, 2, 1):
            point(stores, CHAMPION, number)
        point(stores, CHALLENGER, 2, 10.0)
        point(stores, CHALLENGER, 2, 12.5)
        point(stores, SHADOW, 3)
        point(stores, STANDBY, 2)

        revision, served = stores.revision.served()

        assert revision == stores.revision.current()
        one, two, three = (served_version(stores, number) for number in (1, 2, 3))
        assert served == [
            Served(newest, one, challenger=two, share=12.5, shadow=three, standby=two),
            Served(other, None),
        ]
        assert one.manifest == {"algorithm": "constant"}  # the rest is for who reads of a version
        assert stores.revision.declared() == (revision, [newest, other])

    def test_what_was_taken_away_is_not_served(self, stores: RegistryStores) -> None:
        configuration = stores.configurations.declare("acme", "churn", "d1", {}, "ann", NOW)
        register(stores, 2)
        point(stores, CHAMPION, 1)
        for alias, share in ((CHALLENGER, 50.0), (SHADOW, None), (STANDBY, None)):
            point(stores, alias, 2, share)
            point(stores, alias, None)

        _, served = stores.revision.served()

        assert served == [Served(configuration, served_version(stores, 1))]

    def test_a_version_that_an_alias_names_cannot_be_pruned(self, stores: RegistryStores) -> None:
        register(stores, 4)
        for number in (1, 2):
            point(stores, CHAMPION, number)
        point(stores, CHALLENGER, 3, 10.0)
        point(stores, SHADOW, 4)
        point(stores, SHADOW, None)

        pruned = stores.versions.prune("acme", "churn", [1, 2, 3, 4], NOW)

        assert [version.number for version in pruned] == [4, 1]

    def test_aliases_and_quarantines_of_one_tenant_are_nothing_to_another(
        self, stores: RegistryStores
    ) -> None:
        register(stores, 1)
        register(stores, 1, tenant="other")
        point(stores, CHAMPION, 1)
        stores.quarantines.add(a_quarantine(1))

        assert stores.aliases.current("other", "churn") == {}
        assert stores.aliases.latest("other", "churn") == {}
        assert stores.aliases.history("other", "churn", CHAMPION) == []
        assert stores.quarantines.list("other", "churn") == {}
        assert stores.quarantines.remove("other", "churn", 1) is None
        stores.aliases.point("other", "churn", CHAMPION, 1, "eve", "", NOW)
        assert list(stores.quarantines.list("acme", "churn")) == [1]


def register(stores: RegistryStores, count: int, tenant: str = "acme") -> None:
    """Register so many versions of the service churn."""
    for number in range(1, count + 1):
        stores.versions.register(a_version(f"v{number}", tenant=tenant))
