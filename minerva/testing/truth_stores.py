"""What every store of truths must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from minerva.layers.abstraction.monitoring.store import InferenceStore, TruthStore, Waiting
from minerva.layers.abstraction.monitoring.truth import Fate, Truth
from minerva.testing.inference_stores import DAY, HOUR, NOW, a_record


class TruthStores(Protocol):
    """What the contract is given."""

    @property
    def inferences(self) -> InferenceStore: ...
    @property
    def truths(self) -> TruthStore: ...


def of_request(request_id: str = "r-1", row: int | None = None, **parts: Any) -> Truth:
    """Return a truth about a row of a request."""
    return _truth(request_id=request_id, row=row, key=None, **parts)


def of_key(key: str = "C-1", at: datetime = NOW + HOUR, **parts: Any) -> Truth:
    """Return a truth about a key."""
    return _truth(request_id=None, row=None, key=key, at=at, **parts)


def _truth(**parts: Any) -> Truth:
    usual = {"truth": '"Yes"', "at": NOW + HOUR, "dated": True}
    return Truth(**{**usual, **parts})


def _known(stores: TruthStores) -> set[tuple[str, int, bool, str | None]]:
    """Return request, row, shadow and truth of what has a truth."""
    found = stores.inferences.judged(DAY, 100)
    return {(one.request_id, one.row, one.shadow, one.truth) for one in found}


class TruthStoreContract:
    """A truth is written into the records that it belongs to, or waits for them."""

    def test_a_truth_finds_its_row_and_the_shadow_s_answer(self, stores: TruthStores) -> None:
        stores.inferences.add(
            [a_record(), a_record(1, key="C-2"), a_record(shadow=True, version=4)]
        )

        assert stores.truths.join("acme", "churn", [of_request()]) == [Fate.JOINED]

        assert _known(stores) == {("r-1", 0, False, '"Yes"'), ("r-1", 0, True, '"Yes"')}
        (first, _) = stores.inferences.judged(DAY, 100)
        assert (first.truth_at, first.features) == (NOW + HOUR, None)

    def test_the_same_again_changes_nothing_and_another_one_does(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record()])
        truths = [of_request(), of_request(at=NOW + 2 * HOUR), of_request(truth='"No"')]

        fates = [stores.truths.join("acme", "churn", [one])[0] for one in truths]

        assert fates == [Fate.JOINED, Fate.UNCHANGED, Fate.CHANGED]
        assert _known(stores) == {("r-1", 0, False, '"No"')}

    def test_a_key_means_its_newest_prediction_up_to_then(self, stores: TruthStores) -> None:
        stores.inferences.add(
            [a_record(request_id=f"r-{n}", at=NOW + n * HOUR, row=n) for n in range(4)]
        )

        assert stores.truths.join("acme", "churn", [of_key(at=NOW + 2.5 * HOUR)]) == [Fate.JOINED]

        assert _known(stores) == {("r-2", 2, False, '"Yes"')}

    def test_a_prediction_after_the_truth_is_not_meant(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record()])

        assert stores.truths.join("acme", "churn", [of_key(at=NOW - HOUR)]) == [Fate.UNKNOWN]

    def test_a_request_that_asked_twice_is_told_apart_by_the_key(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record(), a_record(key="C-2")])

        assert stores.truths.join("acme", "churn", [of_request()]) == [Fate.AMBIGUOUS]
        both = Truth("r-1", None, "C-2", '"No"', NOW + HOUR)
        assert stores.truths.join("acme", "churn", [both]) == [Fate.JOINED]
        assert _known(stores) == {("r-1", 0, False, '"No"')}

    def test_a_key_means_one_moment_though_all_calls_have_one_request_id(
        self, stores: TruthStores
    ) -> None:
        stores.inferences.add(
            [a_record(at=NOW - HOUR, features='{"tenure":2}'), a_record(), a_record(shadow=True)]
        )

        assert stores.truths.join("acme", "churn", [of_key()]) == [Fate.JOINED]
        assert len(stores.inferences.judged(DAY, 100)) == 2

    def test_a_call_that_was_repeated_has_one_truth(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record(), a_record(at=NOW + timedelta(seconds=1))])

        assert stores.truths.join("acme", "churn", [of_request()]) == [Fate.JOINED]
        assert len(stores.inferences.judged(DAY, 100)) == 2

    def test_other_tenants_and_services_are_not_meant(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record(tenant="other"), a_record(service="rent")])

        fates = stores.truths.join("acme", "churn", [of_request(), of_key()])

        assert fates == [Fate.UNKNOWN, Fate.UNKNOWN]

    def test_thousands_are_told_at_once(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record(row, key=f"C-{row}") for row in range(1200)])
        truths = [of_key(f"C-{row}") for row in range(0, 1200, 2)] + [
            of_request(row=row) for row in range(1, 1200, 2)
        ]

        assert set(stores.truths.join("acme", "churn", truths)) == {Fate.JOINED}
        assert len(stores.inferences.judged(DAY, 5000)) == 1200

    def test_truths_wait_until_they_are_settled(self, stores: TruthStores) -> None:
        kept = [
            Waiting("acme", "churn", of_request(row=3), NOW),
            Waiting("acme", "churn", of_key(dated=False), NOW + HOUR),
            Waiting("other", "churn", of_request(row=3), NOW),
        ]
        stores.truths.wait(kept)

        assert stores.truths.waiting(NOW - HOUR, 10) == kept
        assert stores.truths.waiting(NOW, 10) == [kept[1]]
        assert stores.truths.count_waiting("acme", "churn") == 2
        stores.truths.settled(kept[:1])
        assert stores.truths.waiting(NOW - HOUR, 10) == kept[1:]

    def test_one_that_waits_already_is_replaced(self, stores: TruthStores) -> None:
        stores.truths.wait([Waiting("acme", "churn", of_request(), NOW)])
        newer = Waiting("acme", "churn", of_request(truth='"No"'), NOW + HOUR)
        stores.truths.wait([newer])

        assert stores.truths.waiting(NOW - HOUR, 10) == [newer]

    def test_what_waited_too_long_is_forgotten(self, stores: TruthStores) -> None:
        stores.truths.wait([Waiting("acme", "churn", of_request(row=n), NOW) for n in range(2)])
        stores.truths.wait([Waiting("acme", "churn", of_request(row=2), NOW + HOUR)])

        assert stores.truths.forget_waiting("acme", "churn", NOW + HOUR) == 2
        assert stores.truths.count_waiting("acme", "churn") == 1

    def test_what_was_asked_is_read_with_a_truth_where_it_is_wanted(
        self, stores: TruthStores
    ) -> None:
        stores.inferences.add([a_record(), a_record(1)])
        stores.truths.join("acme", "churn", [of_request(row=0)])

        (told,) = stores.inferences.judged(DAY, 10, features=True)
        assert (told.row, told.features) == (0, '{"tenure":3}')

    def test_what_was_answered_beside_a_truth_is_found_by_its_request(
        self, stores: TruthStores
    ) -> None:
        stores.inferences.add([a_record(row) for row in range(3)])
        stores.inferences.add([a_record(4, request_id="r-2"), a_record(tenant="other")])
        stores.truths.join("acme", "churn", [of_request(row=0)])

        beside = stores.inferences.beside(DAY, ["r-1", *map(str, range(600))], 10)
        assert {one.row for one in beside} == {1, 2}
        assert len(stores.inferences.beside(DAY, ["r-1"], 1)) == 1
        assert stores.inferences.beside(DAY, [], 10) == []

    def test_what_was_answered_is_counted_newest_first(self, stores: TruthStores) -> None:
        stores.inferences.add([a_record(), a_record(1, at=NOW + HOUR, degraded=True, version=None)])
        others = [a_record(tenant="other"), a_record(service="rent")]
        stores.inferences.add([replace(one, truth="1", truth_at=NOW) for one in others])

        assert stores.inferences.judged(DAY, 10) == []
        first, second = stores.inferences.answered(DAY, 10)
        assert (first.degraded, first.version, first.at) == (True, None, NOW + HOUR)
        assert (second.ms, second.shadow, second.version) == (1.25, False, 3)
        assert len(stores.inferences.answered(DAY, 1)) == 1
