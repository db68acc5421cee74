"""Running flows: spreading, gathering, conditions, memory, volumes and threads."""

import contextvars
import threading

import pytest
from flow_house import RISK

from minerva.errors import StepFailed

ROWS = {"collect": "rows"}
TWICE = {"handle": "fragile", "each": "rows", "inputs": {"value": "rows.value"}}
TOTAL = {"post": "total", "inputs": {"value": "twice.twice"}}


def chain(**twice):
    """Rows, twice each, their total."""
    return {"rows": ROWS, "twice": {**TWICE, **twice}, "total": TOTAL}


def test_rows_of_several_records_are_worked_on_together_and_gathered_apart(house, seen):
    house.flow(chain())

    told = house.predict({"count": 3}, {"count": 0}, {"count": 2})

    assert [one["total"] for one in told] == [6.0, 0.0, 2.0]
    assert seen["rows"] == [5]


def test_a_service_is_asked_once_for_all_rows_and_its_chances_go_on(house):
    assert house.declare(RISK) == []
    house.flow(
        {
            "rows": ROWS,
            "risk": {"predict": "risk", "each": "rows", "inputs": {"value": "rows.value"}},
            "total": {"post": "total", "inputs": {"value": "risk.level.high"}},
        }
    )

    told, error = house.traced({"count": 13}, {"count": 1})

    assert error is None
    assert [one["total"] for one in told["predictions"]] == [1.5, 0.0]
    assert told["steps"]["risk"][12] == {
        "record": 0, "row": 12, "level": "high", "level.low": 0.25, "level.high": 0.75,
    }  # fmt: skip
    assert [one["rows"] for one in told["trace"]] == [2, 14, 14]


def test_a_category_is_answered_with_the_chances_that_its_step_tells(house):
    house.declare(RISK)
    house.flow(
        {"risk": {"predict": "risk", "inputs": {"value": "count"}}},
        output={"level": {"type": "category", "values": ["low", "high"]}},
    )

    assert house.predict({"count": 50}) == [
        {"level": "high", "level_probabilities": {"low": 0.25, "high": 0.75}}
    ]


def test_a_step_that_keeps_some_rows_makes_a_level_of_its_own(house):
    house.flow(
        {
            "rows": ROWS,
            "even": {"handle": "even", "each": "rows", "inputs": {"value": "rows.value"}},
            "again": {"collect": "rows", "each": "even", "inputs": {"count": "even.value"}},
            "inner": {"post": "total", "each": "even", "inputs": {"value": "again.value"}},
            "total": {"post": "total", "inputs": {"value": "inner.total"}},
        }
    )

    # of 0, 2 and 4 the rows are none, 0 1 and 0 1 2 3: in sum 0, 1 and 6
    assert house.predict({"count": 5}, {"count": 1}) == [{"total": 7.0}, {"total": 0.0}]


def test_steps_that_need_nothing_of_each_other_run_beside_each_other(house):
    house.flow(
        {
            "one": {"handle": "meet", "inputs": {"value": "count"}},
            "other": {"handle": "meet", "inputs": {"value": "count"}},
            "total": {"handle": "slow", "needs": ["other"], "inputs": {"value": "one.value"}},
        },
        answer={"total": "total.value"},
    )

    assert house.predict({"count": 4}) == [{"total": 4.0}]


def test_rows_that_a_condition_leaves_out_are_not_gathered(house):
    house.declare(RISK)
    house.flow(
        {
            "rows": ROWS,
            "risk": {"predict": "risk", "each": "rows", "inputs": {"value": "rows.value"}},
            "large": {
                "post": "threshold", "each": "rows", "inputs": {"value": "risk.level.high"},
                "parameters": {"at_least": 0.5},
            },
            "twice": {**TWICE, "when": "large.reached"},
            "total": TOTAL,
        }
    )  # fmt: skip

    assert house.predict({"count": 13}) == [{"total": 46.0}]  # twice 11 and twice 12


def test_no_more_batches_work_at_once_than_the_flow_says(house, seen):
    slow = {"handle": "slow", "each": "rows", "inputs": {"value": "rows.value"}}
    house.flow(
        {
            "rows": ROWS,
            "slow": {**slow, "batch": 10, "parallel": 3, "parameters": {"seconds": 0.01}},
            "total": {"post": "total", "inputs": {"value": "slow.value"}},
        }
    )

    assert house.predict({"count": 1000}) == [{"total": 499_500.0}]
    assert seen["most"] == 3


def test_files_of_a_request_are_its_own_and_go_with_it(house):
    house.flow(
        {
            "rows": ROWS,
            "write": {"handle": "write", "each": "rows", "inputs": {"value": "rows.value"}},
            "read": {"handle": "read", "each": "rows", "inputs": {"file": "write.file"}},
            "total": {"post": "total", "inputs": {"value": "read.bytes"}},
        }
    )

    assert house.predict({"count": 3}) == [{"total": 3000.0}]
    assert [*house.model().root.rglob("*.txt")] == []


def test_no_record_is_answered_with_nothing_without_a_step_running(house, seen):
    house.flow(chain())

    assert house.predict() == []
    assert seen["calls"] == 0


def test_many_callers_at_once_get_their_own_answers(house):
    house.flow(chain(batch=7))
    answers = {}

    def ask(count):
        answers[count] = house.predict({"count": count})

    threads = [threading.Thread(target=ask, args=(count,)) for count in range(1, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {count: [{"total": float(count * (count - 1))}] for count in range(1, 25)}


def test_a_flow_is_a_step_of_another_one(house):
    house.flow(chain())
    outer = {
        "service": "outer",
        "algorithm": "flow",
        "schema": {"inputs": {"count": {"type": "number"}}, "output": {"half": {"type": "number"}}},
        "parameters": {
            "steps": {"inner": {"predict": "flow"}, "half": {"handle": "fragile", "inputs": {"value": "inner.total"}}},
            "answer": {"half": "half.twice"},
        },
    }  # fmt: skip
    assert house.declare(outer) == []

    assert house.predict({"count": 3}, service="outer") == [{"half": 12.0}]


def test_the_ids_of_a_request_go_into_the_threads_of_its_steps(house):
    import structlog
    from structlog.testing import capture_logs

    house.declare(RISK)
    house.flow(
        {
            "one": {"predict": "risk", "inputs": {"value": "count"}, "deadline_ms": 20_000},
            "two": {"handle": "fragile", "inputs": {"value": "count"}, "parameters": {"at": [4]}},
        },
        answer={"total": "two.twice"},
    )

    def ask():
        structlog.contextvars.bind_contextvars(request_id="r-7")
        with pytest.raises(StepFailed):
            house.predict({"count": 4})

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        contextvars.copy_context().run(ask)

    raised = [one for one in logs if one["event"] == "flow.step_raised"]
    assert {one.get("request_id") for one in raised} == {"r-7"}
