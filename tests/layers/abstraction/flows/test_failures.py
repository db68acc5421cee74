"""What goes wrong in flows: items that fail, what is tried again, what is late, and who is told what."""

import os

import pytest
from flow_house import RISK

from minerva.errors import DeadlineExceeded, InvalidInput, StepFailed, Unavailable

ROWS = {"collect": "rows"}
TWICE = {"handle": "fragile", "each": "rows", "inputs": {"value": "rows.value"}}
TOTAL = {"post": "total", "inputs": {"value": "twice.twice"}}


def chain(**twice):
    """Rows, twice each, their total."""
    return {"rows": ROWS, "twice": {**TWICE, **twice}, "total": TOTAL}


@pytest.mark.parametrize(("condition", "total"), [("wanted", 9.0), ("not wanted", 6.0)])
def test_where_a_condition_does_not_hold_the_default_stands(house, condition, total):
    house.flow(
        {
            "twice": {
                "handle": "fragile",
                "inputs": {"value": "count"},
                "when": condition,
                "default": {"twice": 9.0},
            }
        },
        answer={"total": "twice.twice"},
        inputs={"count": {"type": "number"}, "wanted": {"type": "boolean"}},
    )

    assert house.predict({"count": 3, "wanted": False}) == [{"total": total}]


def test_one_item_that_fails_among_a_thousand_is_named_and_found_in_a_few_tries(house, seen):
    house.flow(chain(parameters={"at": [777]}))

    with pytest.raises(StepFailed) as failed:
        house.predict({"count": 1}, {"count": 1000})

    message = (
        "Step 'twice' of the flow failed at record 1, rows 777 (\"row-777\"): it raised ValueError."
    )
    assert failed.value.message == message
    assert failed.value.faults[0].where == "/steps/twice/items/778"
    assert len(seen["rows"]) < 40
    assert "jane" not in str(failed.value)


@pytest.mark.parametrize("how", ["raise", "tell", "input", "short", "exit"])
def test_items_may_fail_as_far_as_the_flow_allows_and_the_rest_is_gathered(house, how):
    house.flow(chain(parameters={"at": [3, 500], "how": how}, may_fail=0.01))

    told, error = house.traced({"count": 1000})

    assert error is None
    assert told["predictions"] == [{"total": 2.0 * (999 * 500 - 503)}]
    twice = told["trace"][1]
    assert (twice["failed"], twice["made"]) == (2, 998)
    assert len(told["steps"]["twice"]) == 998


def test_more_failures_of_one_record_than_allowed_fail_though_all_records_together_had_few(house):
    house.flow(chain(parameters={"at": [1]}, may_fail=0.3))

    with pytest.raises(StepFailed, match="at record 1, rows 1"):
        house.predict({"count": 100}, {"count": 2})


def test_with_a_default_items_that_fail_have_it(house):
    house.flow(chain(parameters={"at": [1, 2]}, default={"twice": 100.0}))

    assert house.predict({"count": 4}) == [{"total": 206.0}]


def test_what_may_pass_is_tried_again(house, seen):
    house.flow(chain(parameters={"at": [1], "how": "away", "times": 2}, retries=2, pause_ms=1))

    assert house.predict({"count": 3}) == [{"total": 6.0}]
    assert seen["rows"] == [3, 3, 3]


def test_only_the_items_that_failed_are_tried_again(house, seen):
    house.flow(chain(parameters={"at": [1], "how": "tell", "times": 1}, retries=1, pause_ms=1))

    assert house.predict({"count": 3}) == [{"total": 6.0}]
    assert seen["rows"] == [3, 1]


def test_what_is_away_after_all_tries_is_told_as_that(house):
    house.flow(chain(parameters={"at": [1], "how": "away"}, retries=1, pause_ms=1))

    with pytest.raises(Unavailable, match=r"^Step 'twice' of the flow failed: not now\."):
        house.predict({"count": 3})


def test_what_a_caller_sent_is_told_as_that(house):
    house.flow(chain(parameters={"at": [1], "how": "input"}))

    with pytest.raises(InvalidInput, match="at record 0, rows 1"):
        house.predict({"count": 3})


def test_finished_work_is_kept_when_a_later_step_fails(house):
    house.flow(chain(parameters={"at": [1]}))

    told, error = house.traced({"count": 3})

    assert isinstance(error, StepFailed)
    assert [row["value"] for row in told["steps"]["rows"]] == [0, 1, 2]
    assert set(told["steps"]) == {"rows"}
    assert told["trace"][1]["error"] == error.message


def test_a_step_that_returns_fewer_items_than_it_got_is_named(house):
    house.flow(chain(parameters={"at": [1], "how": "short"}, batch=1))

    with pytest.raises(StepFailed, match="it made 0 rows of 1, for 'twice'"):
        house.predict({"count": 3})


def test_a_step_that_is_late_is_left_to_itself(house):
    house.flow(
        {
            "late": {
                "handle": "slow",
                "inputs": {"value": "count"},
                "deadline_ms": 50,
                "parameters": {"seconds": 5},
            }
        },
        answer={"total": "late.value"},
    )

    with pytest.raises(DeadlineExceeded, match="Step 'late' of the flow did not end within 50 ms"):
        house.predict({"count": 1})


def test_in_the_place_of_a_late_step_stands_its_default(house):
    house.flow(
        {
            "late": {
                "handle": "slow", "inputs": {"value": "count"}, "deadline_ms": 50,
                "parameters": {"seconds": 5}, "default": {"value": -1},
            },
            "total": {"handle": "fragile", "inputs": {"value": "late.value"}},
        },
        answer={"total": "total.twice"},
    )  # fmt: skip

    told, error = house.traced({"count": 1})

    assert error is None
    assert told["predictions"] == [{"total": -2.0}]
    assert told["trace"][0]["defaulted"]


def test_retries_end_with_the_deadline(house):
    house.flow(
        chain(
            parameters={"at": [1], "how": "away"}, retries=10, pause_ms=60_000, deadline_ms=30_000
        )
    )

    with pytest.raises(Unavailable, match="not now"):
        house.predict({"count": 3})


def test_the_service_s_own_deadline_ends_the_waiting_of_steps(house):
    slow = {"handle": "slow", "inputs": {"value": "count"}, "parameters": {"seconds": 5}}
    house.flow(
        {"late": slow},
        answer={"total": "late.value"},
        serving={"deadline_ms": 80, "default": {"total": 0}},
    )

    answer = house.answer({"count": 1})

    assert (answer.degraded, answer.predictions) == (True, [{"total": 0}])


def test_what_was_made_of_the_same_content_is_remembered(house, seen):
    house.flow(chain(cache_s=60))

    first = house.predict({"count": 3})
    told, _ = house.traced({"count": 5})

    assert (first, told["predictions"]) == ([{"total": 6.0}], [{"total": 20.0}])
    assert seen["rows"] == [3, 2]
    assert told["trace"][1]["cached"] == 3


def test_what_failed_is_not_remembered(house, seen):
    house.flow(chain(cache_s=60, parameters={"at": [1], "how": "tell", "times": 1}, may_fail=1))

    assert house.predict({"count": 3}) == [{"total": 4.0}]
    assert house.predict({"count": 3}) == [{"total": 6.0}]


def test_a_request_that_needs_more_room_than_its_quota_fails_by_name(house):
    house.flow(
        {
            "rows": ROWS,
            "write": {"handle": "write", "each": "rows", "inputs": {"value": "rows.value"}},
        },
        answer={"total": "total.rows"},
        parameters={
            "volume": {"quota_mb": 1},
            "steps": {
                "rows": ROWS,
                "write": {"handle": "write", "each": "rows", "inputs": {"value": "rows.value"}},
                "read": {"handle": "read", "each": "rows", "inputs": {"file": "write.file"}},
                "total": {"post": "total", "inputs": {"value": "read.bytes"}},
            },
        },
    )

    with pytest.raises(Unavailable, match=r"Step 'write' .* more than 1 MB"):
        house.predict({"count": 1100})


def test_the_step_that_fills_the_folder_of_all_requests_is_named_until_what_is_old_is_removed(
    house,
):
    house.flow(
        {
            "fill": {"handle": "fill", "inputs": {"value": "count"}},
            "after": {"handle": "fragile", "inputs": {"value": "fill.value"}},
        },
        answer={"total": "after.twice"},
        parameters={"volume": {"shared_quota_mb": 1, "shared_keep_s": 3600}},
    )
    shared = house.model().shared.path
    filled = (
        r"Step 'fill' of the flow failed.* more than 1 MB \(volume.shared_quota_mb of the flow\)"
    )
    assert house.predict({"count": 1_000_000}) == [{"total": 2_000_000}]

    with pytest.raises(Unavailable, match=filled):
        house.predict({"count": 100_000})
    written = sorted(shared.iterdir())
    with pytest.raises(Unavailable, match=filled):
        house.predict({"count": 100_000})
    assert sorted(shared.iterdir()) == written

    for file in written:
        os.utime(file, (0, 0))
    assert house.predict({"count": 100_000}) == [{"total": 200_000}]
    assert len(list(shared.iterdir())) == 1


def test_a_row_may_fail_by_what_may_pass_and_is_told_as_that(house):
    house.flow(chain(parameters={"at": [1], "how": "tell away"}))

    with pytest.raises(Unavailable, match="at record 0, rows 1"):
        house.predict({"count": 3})


def test_an_item_is_named_by_its_place_among_all_though_others_were_left_out(house):
    house.declare(RISK)
    house.flow(
        {
            "rows": ROWS,
            "risk": {"predict": "risk", "each": "rows", "inputs": {"value": "rows.value"}},
            "large": {
                "post": "threshold", "each": "rows", "inputs": {"value": "risk.level.high"},
                "parameters": {"at_least": 0.5},
            },
            "twice": {**TWICE, "when": "large.reached", "parameters": {"at": [12]}},
            "total": TOTAL,
        }
    )  # fmt: skip

    with pytest.raises(StepFailed, match="at record 1, rows 12"):
        house.predict({"count": 2}, {"count": 14})


def test_all_that_is_new_may_fail_beside_what_is_remembered(house):
    house.flow(chain(cache_s=60, parameters={"at": [3]}, may_fail=0.5))

    assert house.predict({"count": 3}) == [{"total": 6.0}]
    assert house.predict({"count": 4}) == [{"total": 6.0}]


def test_no_step_is_tried_again_after_the_service_s_deadline(house, seen):
    house.flow(
        chain(parameters={"at": [1], "how": "away"}, retries=10, pause_ms=60_000),
        serving={"deadline_ms": 30_000, "default": {"total": 0}},
    )

    answer = house.answer({"count": 3})

    assert (answer.degraded, answer.code) == (True, "unavailable")  # it did not wait for its end
    assert seen["rows"] == [3]
