"""Truths join what was predicted, at once or when its record arrives, and the same again changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from minerva.errors import Conflict, InvalidInput
from minerva.layers.abstraction.monitoring.feedback import EVERY_S, Feedback, LateRecords
from minerva.layers.abstraction.monitoring.store import Span
from minerva.layers.abstraction.problems.solved import Solved
from minerva.schema import Schema
from minerva.testing.inference_stores import a_record

NOW = datetime(2026, 3, 1, 14, tzinfo=UTC)
SPAN = Span("acme", "churn", NOW - timedelta(days=1), NOW + timedelta(days=1))
DECLARED = {
    "key": "id",
    "inputs": {"x": {"type": "number"}},
    "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
}
SCHEMA = Schema.parse(DECLARED)
TOLD = [{"request_id": "r-1", "row": 0, "truth": "Yes"}]


@pytest.fixture
def stores(container):
    """The stores of a workspace."""
    return container.stores


@pytest.fixture
def give(stores):
    """Give feedback to the service `churn`; what is written meanwhile may be said."""

    def given(*told, settle=lambda: None, schema=SCHEMA):
        feedback = Feedback(stores.truths, settle, lambda: NOW)
        return feedback.receive("acme", "churn", Solved.of(schema, {}), told).to_json()

    return given


def test_it_is_told_what_became_of_each(stores, give):
    stores.inferences.add([a_record(), a_record(1, key="C-2")])

    first = give(*TOLD, {"key": "C-2", "at": NOW.isoformat(), "truth": "No"})
    again = give(*TOLD, {"request_id": "r-1", "row": 1, "truth": "Yes"})

    assert first == {"received": 2, "joined": 2, "changed": 0, "unchanged": 0, "unmatched": []}
    assert again == {"received": 2, "joined": 0, "changed": 1, "unchanged": 1, "unmatched": []}


def test_what_is_not_recorded_is_named_and_kept(stores, give):
    told = give(*TOLD, {"key": 7, "truth": "No"})

    assert (told["joined"], [one["where"] for one in told["unmatched"]]) == (
        0,
        ["/feedback/0", "/feedback/1"],
    )
    assert told["unmatched"][0]["request_id"] == "r-1"
    assert told["unmatched"][1]["key"] == "7"
    assert stores.truths.count_waiting("acme", "churn") == 2


def test_what_this_process_has_just_predicted_is_written_first(stores, give):
    told = give(*TOLD, settle=lambda: stores.inferences.add([a_record()]))

    assert (told["joined"], told["unmatched"]) == (1, [])
    assert stores.truths.count_waiting("acme", "churn") == 0


def test_one_mistake_keeps_all_of_a_call_out(stores, give):
    stores.inferences.add([a_record()])

    with pytest.raises(InvalidInput):
        give(*TOLD, {"request_id": "r-1", "truth": "Perhaps"})

    assert stores.inferences.judged(SPAN, 10) == []


def test_a_personal_output_takes_no_feedback(give):
    output = {"churn": {**DECLARED["output"]["churn"], "pii": True}}

    with pytest.raises(Conflict, match="personal"):
        give(*TOLD, schema=Schema.parse({**DECLARED, "output": output}))


def test_a_truth_that_came_first_joins_the_record_that_comes_later(stores, give):
    seconds = [0.0]
    late = LateRecords(stores.truths, lambda: NOW, lambda: seconds[0])
    give(*TOLD)
    late.sweep()
    stores.inferences.add([a_record(at=NOW)])

    late.sweep()
    assert stores.inferences.judged(SPAN, 10) == []

    seconds[0] += EVERY_S
    late.sweep()
    assert [one.truth for one in stores.inferences.judged(SPAN, 10)] == ['"Yes"']
    assert stores.truths.count_waiting("acme", "churn") == 0


def test_what_waits_for_long_is_not_looked_for_again(stores, give):
    give(*TOLD)
    stores.inferences.add([replace(a_record(), at=NOW)])

    LateRecords(stores.truths, lambda: NOW + timedelta(hours=1), lambda: 0.0).sweep()

    assert stores.truths.count_waiting("acme", "churn") == 1
