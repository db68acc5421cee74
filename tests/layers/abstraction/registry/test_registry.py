"""The registry: what is declared, promoted and rolled back."""

from dataclasses import replace
from threading import Barrier

import pytest
from structlog.testing import capture_logs

from minerva.errors import Conflict, InvalidInput, NotFound
from minerva.layers.abstraction.registry.registry import Registry
from minerva.testing.threads import at_once


@pytest.fixture
def three(make) -> list[int]:
    """Three versions of one service, each promoted when it was made."""
    return [make(parameters={"shift": float(n)}).number for n in range(3)]


def champion(container) -> int:
    """Return the version that serves."""
    return container.registry.aliases("default", "value")["champion"]


def test_the_same_declaration_again_changes_nothing(declare):
    with capture_logs() as events:
        first, again = declare(), declare()
        changed = declare(description="Another text.")

    assert (first, first.revision, changed.revision) == (again, 1, 2)
    assert [event["revision"] for event in events if event["event"] == "service.declared"] == [1, 2]


def test_versions_are_listed_newest_first(container, three):
    versions = container.registry.versions("default", "value")

    assert [version.number for version in versions] == [3, 2, 1]
    assert champion(container) == 3


def test_rolling_back_goes_back_one_champion_each_time(container, three):
    registry = container.registry

    first = registry.rollback("default", "value", author="me")
    second = registry.rollback("default", "value", author="me", reason="still wrong")

    assert (first.number, first.previous, first.reason) == (2, 3, "rollback")
    assert (second.number, second.previous, second.reason) == (1, 2, "still wrong")
    with pytest.raises(Conflict, match="no champion before the present one"):
        registry.rollback("default", "value", author="me")
    assert champion(container) == 1


def test_after_a_rollback_the_next_promotion_goes_on_from_there(container, three, make):
    registry = container.registry
    registry.rollback("default", "value", author="me")
    registry.rollback("default", "value", author="me")

    fourth = make(parameters={"shift": 9.0})

    assert champion(container) == fourth.number == 4
    assert registry.rollback("default", "value", author="me").number == 1


def test_a_version_may_be_promoted_again_after_it_was_rolled_back(container, three):
    registry = container.registry
    registry.rollback("default", "value", author="me")

    registry.promote("default", "value", 3, author="me", reason="it was not its fault")

    assert champion(container) == 3
    assert registry.rollback("default", "value", author="me").number == 2


def test_a_version_proves_itself_before_it_is_promoted(container, three):
    stores = container.stores
    asked = []

    def refuse(version):
        asked.append(version.number)
        raise Conflict("The model does not repeat its goldens.")

    strict = Registry(
        stores.configurations,
        stores.versions,
        stores.aliases,
        stores.quarantines,
        refuse,
        container.registry.now,
    )

    with pytest.raises(Conflict, match="goldens"):
        strict.promote("default", "value", 1, author="me")
    with pytest.raises(Conflict, match="goldens"):
        strict.rollback("default", "value", author="me")
    assert asked == [1, 2]
    assert champion(container) == 3


def test_only_a_meaningful_alias_can_be_moved(container, three):
    registry = container.registry

    for call in (
        lambda: registry.promote("default", "value", 1, alias="hero", author="me"),
        lambda: registry.retire_alias("default", "value", "hero", author="me"),
    ):
        with pytest.raises(InvalidInput, match="There is no alias 'hero'") as caught:
            call()
        assert caught.value.faults[0].where == "/alias"
        assert "champion, challenger, shadow" in caught.value.faults[0].message


def test_a_challenger_has_a_share_and_a_shadow_has_none(container, three):
    registry = container.registry

    challenger = registry.promote("default", "value", 2, alias="challenger", author="me", share=25)
    shadow = registry.promote("default", "value", 1, alias="shadow", author="me")

    assert (challenger.number, challenger.share, shadow.share) == (2, 25.0, None)
    assert registry.alias_changes("default", "value")["challenger"] == challenger
    assert registry.aliases("default", "value") == {"challenger": 2, "champion": 3, "shadow": 1}


def test_a_challenger_starts_with_ten_percent(container, three):
    change = container.registry.promote("default", "value", 2, alias="challenger", author="me")

    assert change.share == 10.0


@pytest.mark.parametrize(
    ("alias", "share", "message"),
    [
        ("challenger", 0, "above 0 and at most 100"),
        ("challenger", -1, "above 0 and at most 100"),
        ("challenger", 100.1, "above 0 and at most 100"),
        ("challenger", float("nan"), "above 0 and at most 100"),
        ("champion", 10, "only a challenger"),
        ("shadow", 10, "only a challenger"),
    ],
)
def test_a_share_that_means_nothing_is_refused(container, three, alias, share, message):
    with pytest.raises(InvalidInput) as caught:
        container.registry.promote("default", "value", 2, alias=alias, share=share, author="me")

    (fault,) = caught.value.faults
    assert (fault.where, message in fault.message) == ("/share", True)
    assert container.registry.aliases("default", "value") == {"champion": 3}


def test_who_becomes_champion_challenges_and_shadows_no_longer(container, three):
    registry = container.registry
    for alias, number in (("challenger", 2), ("shadow", 1)):
        registry.promote("default", "value", number, alias=alias, author="me")

    registry.promote("default", "value", 2, author="me")

    assert registry.aliases("default", "value") == {"champion": 2, "shadow": 1}
    registry.promote("default", "value", 1, author="me")
    assert registry.aliases("default", "value") == {"champion": 1}


def test_a_challenger_or_shadow_can_be_taken_away(container, three):
    registry = container.registry
    registry.promote("default", "value", 2, alias="challenger", author="me")

    with capture_logs() as events:
        change = registry.retire_alias(
            "default", "value", "challenger", author="ann", reason="not better"
        )

    assert (change.number, change.previous, change.reason) == (None, 2, "not better")
    assert registry.aliases("default", "value") == {"champion": 3}
    (event,) = [event for event in events if event["event"] == "alias.retired"]
    assert (event["alias"], event["previous"], event["author"]) == ("challenger", 2, "ann")
    for alias in ("challenger", "shadow"):
        with pytest.raises(NotFound, match=f"has no {alias}"):
            registry.retire_alias("default", "value", alias, author="ann")


def test_a_champion_cannot_be_taken_away(container, three):
    with pytest.raises(Conflict, match="promote another version, or roll back"):
        container.registry.retire_alias("default", "value", "champion", author="me")

    assert champion(container) == 3


def test_a_pruned_version_cannot_serve_again(container, three):
    registry = container.registry
    container.stores.versions.prune("default", "value", [2], registry.now())

    with pytest.raises(Conflict, match="Version 2 of value was pruned"):
        registry.promote("default", "value", 2, author="me")
    assert registry.rollback("default", "value", author="me").number == 1


def test_a_rollback_that_comes_second_finds_it_done(container, three):
    """Two people see the same trouble: together they go one version back, not two."""
    registry = container.registry
    both = Barrier(2)

    def wait(version):
        both.wait(30)

    together = replace(registry, prove=wait)
    changes = at_once(2, lambda _: together.rollback("default", "value", author="me"))

    assert {change.number for change in changes} == {2}
    assert champion(container) == 2


def test_a_rollback_does_not_undo_what_was_promoted_meanwhile(container, three):
    registry = container.registry

    def promote_another(version):
        registry.promote("default", "value", 1, author="ann")

    with pytest.raises(Conflict, match="moved to version 1 meanwhile"):
        replace(registry, prove=promote_another).rollback("default", "value", author="me")

    assert champion(container) == 1


def test_plugins_are_told_of_each_movement_once(container, three):
    told = []
    registry = replace(
        container.registry, tell=lambda hook, /, **facts: told.append((hook, facts["change"]))
    )

    moved = registry.promote("default", "value", 1, author="me")
    again = registry.promote("default", "value", 1, author="me")
    shadow = registry.promote("default", "value", 2, alias="shadow", author="me")
    container.registry.promote("default", "value", 3, author="me")
    back = registry.rollback("default", "value", author="me")

    assert again == moved
    assert told == [
        ("minerva_version_promoted", moved),
        ("minerva_version_promoted", shadow),
        ("minerva_version_rolled_back", back),
    ]


@pytest.mark.parametrize("tenant", ["default", "acme"])
def test_what_another_tenant_has_is_not_there(container, three, tenant):
    service = "value" if tenant == "acme" else "valve"
    registry = container.registry

    for call in (
        lambda: registry.configuration(tenant, service),
        lambda: registry.versions(tenant, service),
        lambda: registry.aliases(tenant, service),
        lambda: registry.version(tenant, service, 1),
        lambda: registry.promote(tenant, service, 1, author="me"),
        lambda: registry.rollback(tenant, service, author="me"),
        lambda: registry.alias_changes(tenant, service),
        lambda: registry.quarantined(tenant, service),
        lambda: registry.retire_alias(tenant, service, "shadow", author="me"),
        lambda: registry.quarantine(tenant, service, 1, author="me", reason="mine"),
        lambda: registry.release(tenant, service, 1, author="me"),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_promotion_is_an_event_with_who_and_why(container, three):
    with capture_logs() as events:
        container.registry.promote("default", "value", 1, author="ann", reason="audit")

    (event,) = [event for event in events if event["event"] == "version.promoted"]
    assert (event["version"], event["previous"], event["author"], event["reason"]) == (
        1,
        3,
        "ann",
        "audit",
    )


def test_a_service_without_versions_cannot_be_rolled_back(container, declare):
    declare()

    assert container.registry.versions("default", "value") == []
    assert container.registry.aliases("default", "value") == {}
    with pytest.raises(Conflict):
        container.registry.rollback("default", "value", author="me")
