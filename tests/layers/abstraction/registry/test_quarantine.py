"""Quarantine: a version that fails serves no longer, and the last good one comes back by itself."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from minerva.errors import Conflict
from minerva.testing.threads import at_once


@pytest.fixture
def three(make) -> list[int]:
    """Three versions of one service, each promoted when it was made."""
    return [make(parameters={"shift": float(n)}).number for n in range(3)]


@pytest.fixture
def registry(container, three):
    """The registry with the three versions."""
    return container.registry


@pytest.fixture
def told():
    """What plugins were told."""
    return []


@pytest.fixture
def telling(registry, told):
    """The registry, telling."""
    return replace(registry, tell=lambda hook, /, **facts: told.append((hook, *facts.values())))


def aliases(registry):
    return registry.aliases("default", "value")


def quarantine(registry, number, reason="it crashed three times"):
    return registry.quarantine("default", "value", number, author="breaker", reason=reason)


def test_a_champion_in_quarantine_gives_way_to_the_one_before(registry, telling, told):
    with capture_logs() as events:
        change = quarantine(telling, 3)

    assert (change.alias, change.number, change.previous) == ("champion", 2, 3)
    assert (change.author, change.reason) == (
        "breaker",
        "version 3 is in quarantine: it crashed three times",
    )
    assert aliases(registry) == {"champion": 2}
    kept = registry.quarantined("default", "value")
    assert [(number, one.reason) for number, one in kept.items()] == [(3, "it crashed three times")]
    assert told == [
        ("minerva_version_quarantined", kept[3]),
        ("minerva_version_rolled_back", change),
    ]
    assert [event["event"] for event in events if event["event"].startswith("version.")] == [
        "version.quarantined",
        "version.rolled_back",
    ]


def test_a_champion_gives_way_to_none_in_quarantine_and_none_pruned(registry, container, make):
    for shift in (3.0, 4.0):
        make(parameters={"shift": shift})
    quarantine(registry, 4)
    container.stores.versions.prune("default", "value", [3], registry.now())
    quarantine(registry, 2)

    assert quarantine(registry, 5).number == 1


def test_one_that_cannot_prove_itself_is_passed_over(registry):
    def refuse(version):
        if version.number == 2:
            raise SystemExit(3)

    with capture_logs() as events:
        change = quarantine(replace(registry, prove=refuse), 3)

    assert change.number == 1
    (event,) = [event for event in events if event["event"] == "version.not_proved"]
    assert (event["version"], event["reason"]) == (2, "SystemExit")


def test_without_a_good_one_the_champion_stays(registry, telling, told):
    def refuse(version):
        raise Conflict("The model does not repeat its goldens.")

    with capture_logs() as events:
        assert quarantine(replace(telling, prove=refuse), 3) is None

    assert aliases(registry) == {"champion": 3}
    assert list(registry.quarantined("default", "value")) == [3]
    assert [hook for hook, _ in told] == ["minerva_version_quarantined"]
    assert "champion.without_successor" in [event["event"] for event in events]


def test_a_challenger_and_shadow_in_quarantine_are_taken_away(registry):
    registry.promote("default", "value", 2, alias="challenger", author="me")
    registry.promote("default", "value", 2, alias="shadow", author="me")

    assert quarantine(registry, 2) is None

    assert aliases(registry) == {"champion": 3}


def test_another_versions_aliases_stay(registry):
    registry.promote("default", "value", 2, alias="challenger", author="me")

    quarantine(registry, 1)

    assert aliases(registry) == {"champion": 3, "challenger": 2}


def test_many_workers_that_quarantine_one_version_move_the_champion_once(
    registry, telling, told, container
):
    with capture_logs() as events:
        changes = at_once(6, lambda i: quarantine(telling, 3, f"as worker {i} saw"))

    assert [change.number for change in changes if change is not None] == [2]
    assert aliases(registry) == {"champion": 2}
    assert len(container.stores.aliases.history("default", "value", "champion")) == 4
    assert sorted(hook for hook, _ in told) == [
        "minerva_version_quarantined",
        "minerva_version_rolled_back",
    ]
    assert [event["event"] for event in events].count("version.quarantined") == 1


def test_a_worker_finishes_what_another_began(registry, container):
    """One that died after it had marked the version has not moved the champion."""
    earlier = quarantine(replace(registry, alias_store=Empty()), 3)
    assert (earlier, aliases(registry)) == (None, {"champion": 3})

    assert quarantine(registry, 3).number == 2


class Empty:
    """An alias store that knows of none."""

    def current(self, tenant, service):
        return {}


def test_plugins_are_told_even_if_the_champion_cannot_be_moved(telling, told):
    with pytest.raises(AttributeError):
        quarantine(replace(telling, alias_store=object()), 3)

    assert [hook for hook, _ in told] == ["minerva_version_quarantined"]


def test_a_champion_that_somebody_moved_meanwhile_stays_where_it_is(registry):
    def promote_another(version):
        registry.promote("default", "value", 1, author="ann")

    assert quarantine(replace(registry, prove=promote_another), 3) is None

    assert aliases(registry) == {"champion": 1}


def test_a_version_in_quarantine_is_not_promoted_and_the_reason_is_named(registry):
    quarantine(registry, 2)

    for alias in ("champion", "challenger", "shadow"):
        with pytest.raises(Conflict) as caught:
            registry.promote("default", "value", 2, alias=alias, author="me")
        assert "in quarantine: it crashed three times" in caught.value.message
        assert "minerva versions release value 2" in caught.value.message


def test_a_version_quarantined_while_it_proves_itself_is_not_promoted(registry):
    def fail_meanwhile(version):
        quarantine(registry, 2)

    with pytest.raises(Conflict, match="in quarantine"):
        replace(registry, prove=fail_meanwhile).promote("default", "value", 2, author="me")

    assert aliases(registry) == {"champion": 3}


def test_a_rollback_passes_over_a_version_in_quarantine(registry):
    quarantine(registry, 2)

    assert registry.rollback("default", "value", author="me").number == 1
    with pytest.raises(Conflict, match="no champion before the present one that may serve"):
        registry.rollback("default", "value", author="me")


def test_a_released_version_may_be_promoted_again(registry):
    quarantine(registry, 3)

    with capture_logs() as events:
        lifted = registry.release("default", "value", 3, author="ann", reason="the data was bad")

    assert lifted.reason == "it crashed three times"
    (event,) = [event for event in events if event["event"] == "version.released"]
    assert (event["version"], event["author"], event["reason"]) == (3, "ann", "the data was bad")
    assert registry.quarantined("default", "value") == {}
    assert aliases(registry) == {"champion": 2}
    assert registry.promote("default", "value", 3, author="ann").number == 3


def test_only_a_version_in_quarantine_can_be_released(registry):
    with pytest.raises(Conflict, match="Version 3 of 'value' is not in quarantine"):
        registry.release("default", "value", 3, author="ann")
