"""The registry: what is declared, promoted and rolled back."""

import pytest
from structlog.testing import capture_logs

from minerva.errors import Conflict, InvalidInput, NotFound
from minerva.layers.abstraction.registry.registry import Registry


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
        stores.configurations, stores.versions, stores.aliases, refuse, container.registry.now
    )

    with pytest.raises(Conflict, match="goldens"):
        strict.promote("default", "value", 1, author="me")
    with pytest.raises(Conflict, match="goldens"):
        strict.rollback("default", "value", author="me")
    assert asked == [1, 2]
    assert champion(container) == 3


def test_only_a_meaningful_alias_can_be_moved(container, three):
    with pytest.raises(InvalidInput, match="There is no alias 'challenger'") as caught:
        container.registry.promote("default", "value", 1, alias="challenger", author="me")

    assert caught.value.faults[0].where == "/alias"
    assert "champion" in caught.value.faults[0].message


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
