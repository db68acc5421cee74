"""What every store of schedules' standings must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


class ScheduleStores(Protocol):
    """What the contract is given."""

    @property
    def schedules(self) -> ScheduleStore: ...


def a_standing(tenant: str = "acme", service: str = "churn", name: str = "nightly") -> Standing:
    """Return how a schedule stands that was just declared."""
    rule = "0 3 * * * Europe/Berlin"
    return Standing(tenant, service, name, 1, rule, declared=True, since=NOW, moves=1)


def moved(standing: Standing, **parts: object) -> Standing:
    """Return what somebody who saw it makes of it."""
    return replace(standing, moves=standing.moves + 1, **parts)  # type: ignore[arg-type]


class ScheduleStoreContract:
    """Standings: each is moved by who saw it as it is."""

    def test_there_is_none_before_one_is_written(self, stores: ScheduleStores) -> None:
        assert stores.schedules.all() == []
        assert stores.schedules.of("acme") == []

    def test_a_standing_reads_back_as_it_was(self, stores: ScheduleStores) -> None:
        first = a_standing()
        told = moved(
            first,
            since=NOW + timedelta(days=1),
            declared=False,
            job_id="j1",
            fired_at=NOW,
            error="No.",
            value="2026-03-01",
        )

        assert stores.schedules.move(first)
        assert stores.schedules.all() == [first]
        assert stores.schedules.move(told)
        assert stores.schedules.all() == [told]

    def test_who_saw_an_older_standing_moves_nothing(self, stores: ScheduleStores) -> None:
        first = a_standing()
        second = moved(first, job_id="j1")
        stores.schedules.move(first)
        stores.schedules.move(second)

        assert not stores.schedules.move(moved(first, job_id="j2"))
        assert not stores.schedules.move(first)
        assert not stores.schedules.move(moved(moved(second)))
        assert stores.schedules.all() == [second]

    def test_a_standing_that_is_not_there_is_not_moved(self, stores: ScheduleStores) -> None:
        assert not stores.schedules.move(moved(a_standing()))
        assert stores.schedules.all() == []

    def test_of_eight_who_make_one_at_once_one_does(self, stores: ScheduleStores) -> None:
        made = at_once(8, lambda n: stores.schedules.move(replace(a_standing(), job_id=f"j{n}")))

        assert sum(made) == 1
        assert [one.job_id for one in stores.schedules.all()] == [f"j{made.index(True)}"]

    def test_of_eight_who_move_one_at_once_one_does(self, stores: ScheduleStores) -> None:
        first = a_standing()
        stores.schedules.move(first)

        did = at_once(8, lambda n: stores.schedules.move(moved(first, job_id=f"j{n}")))

        assert sum(did) == 1
        assert [one.job_id for one in stores.schedules.all()] == [f"j{did.index(True)}"]

    def test_standings_are_listed_in_order_and_for_one_tenant(self, stores: ScheduleStores) -> None:
        for tenant, service, name in (("b", "x", "n"), ("a", "y", "n"), ("a", "x", "z")):
            stores.schedules.move(a_standing(tenant, service, name))
        stores.schedules.move(a_standing("a", "x", "B"))

        of_all = [one.key for one in stores.schedules.all()]

        assert of_all == [("a", "x", "B"), ("a", "x", "z"), ("a", "y", "n"), ("b", "x", "n")]
        assert [one.key for one in stores.schedules.of("a")] == of_all[:3]
        assert stores.schedules.of("c") == []
