"""Reading flows: what does not fit together is told when the YAML is read, with the place."""

import pytest
from flow_house import RISK, flow

NUMBER = {"type": "number"}
ROWS = {"collect": "rows"}
TOTAL = {"post": "total", "inputs": {"value": "rows.value"}}
GOOD = {"rows": ROWS, "total": TOTAL}

MISTAKES = {
    "a cycle": (
        {"one": {"handle": "slow", "inputs": {"value": "two.value"}},
         "two": {"handle": "slow", "inputs": {"value": "one.value"}}},
        "waits for itself: one → two → one",
    ),
    "a step that needs itself": (
        {**GOOD, "rows": {**ROWS, "needs": ["rows"]}},
        "steps.rows: waits for itself: rows → rows",
    ),
    "a misspelt step": (
        {"rows": ROWS, "total": {"post": "total", "inputs": {"value": "row.value"}}},
        "row.value is neither an input of the flow nor STEP.FIELD; did you mean 'rows'?",
    ),
    "a misspelt field of a step": (
        {"rows": ROWS, "total": {"post": "total", "inputs": {"value": "rows.vaule"}}},
        "step rows makes no vaule; did you mean 'value'?",
    ),
    "a step to wait for that there is not": (
        {**GOOD, "total": {**TOTAL, "needs": ["raws"]}},
        "steps.total.needs.0: there is no such step; did you mean 'rows'?",
    ),
    "no role": (
        {**GOOD, "rows": {"parameters": {}}},
        "needs one role, collect, handle, features, predict, learn or post; it has none",
    ),
    "two roles": (
        {**GOOD, "rows": {"collect": "rows", "handle": "slow"}},
        "it has collect and handle",
    ),
    "a kind of step that there is not": (
        {**GOOD, "rows": {"collect": "rowz"}},
        "steps.rows.collect: unknown; did you mean 'rows'?",
    ),
    "a misspelt member": (
        {**GOOD, "rows": {**ROWS, "retrys": 3}},
        "did you mean 'retries'?",
    ),
    "a parameter that the step has not": (
        {"rows": ROWS, "twice": {"handle": "fragile", "each": "rows", "inputs": {"value": "rows.value"}, "parameters": {"att": [1]}},
         "total": TOTAL},
        "steps.twice.parameters.att",
    ),
    "text where a number is wanted": (
        {"rows": ROWS, "total": {"post": "total", "inputs": {"value": "rows.name"}}},
        "steps.total.inputs.value: is of type text; it must be number",
    ),
    "an input that is missing": (
        {"rows": {"collect": "rows", "inputs": {}}, "total": {"post": "total"}},
        "steps.total.inputs.value: is missing: name the field that it is",
    ),
    "an input that the step does not take": (
        {**GOOD, "total": {"post": "total", "inputs": {"value": "rows.value", "wight": "count"}}},
        "steps.total.inputs.wight: unknown",
    ),
    "rows where a record is wanted": (
        {"rows": ROWS, "slow": {"handle": "slow", "inputs": {"value": "rows.value"}}, "total": TOTAL},
        "has several rows for each of its own: say `each`, or gather them before",
    ),
    "each of a step with one row": (
        {"slow": {"handle": "slow", "inputs": {"value": "count"}},
         "more": {"handle": "slow", "each": "slow", "inputs": {"value": "slow.value"}}, **GOOD},
        "slow makes one row for each record: leave `each` out",
    ),
    "rows of two kinds gathered together": (
        {"rows": ROWS, "others": ROWS,
         "both": {"post": "total", "inputs": {"value": "rows.value"}, "each": "others"}},
        "belongs to other rows",
    ),
    "a condition that is no yes or no": (
        {"rows": {**ROWS, "when": "count", "default": {}}, "total": TOTAL},
        "steps.rows.when: is no boolean field",
    ),
    "records left out without an answer for them": (
        {"reached": {"post": "threshold", "inputs": {"value": "count"}, "parameters": {"at_least": 1}},
         "slow": {"handle": "slow", "inputs": {"value": "count"}, "when": "reached.reached"}, **GOOD},
        "steps.slow.default: is missing: say what its outputs are then",
    ),
    "a default that does not fit": (
        {**GOOD, "total": {**TOTAL, "default": {"total": "much", "rows": 0}}},
        "steps.total.default.total: expected a number",
    ),
    "a default that lacks an output": (
        {**GOOD, "total": {**TOTAL, "default": {"total": 0}}},
        "steps.total.default.rows: is missing",
    ),
    "rows that are remembered though their number may change": (
        {"rows": {**ROWS, "cache_s": 5}, "total": TOTAL},
        "steps.rows.cache_s: does not fit this step",
    ),
    "a key that stands there as it is": (
        {**GOOD, "rows": {**ROWS, "where": {"url": "http://there:8080", "key": "mk_secret"}}},
        "steps.rows.where",
    ),
    "an address that is none": (
        {**GOOD, "rows": {**ROWS, "where": "ftp://there"}},
        "steps.rows.where",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_when_the_flow_is_read(house, steps, told):
    (said, *_) = [*house.declare(flow(steps)), ""]

    assert told in said
    assert said.startswith("flow.yaml:")
    assert house.container.live.get("default", "flow") is None


def test_a_service_that_there_is_not_is_told_with_the_nearest_name(house):
    house.declare(RISK)

    (said,) = house.declare(
        flow(
            {"risk": {"predict": "rusk", "inputs": {"value": "count"}}}, answer={"total": "risk.x"}
        )
    )

    assert "There is no service 'rusk'; did you mean 'risk'?" in said


@pytest.mark.parametrize(
    ("output", "answer", "told"),
    [
        ({"total": NUMBER}, {"total": "rows.value"}, "has several rows for a record: gather them"),
        ({"total": NUMBER}, {"total": "total.totl"}, "is made by no step; did you mean 'total.total'?"),
        ({"other": NUMBER}, {}, "no step makes it: name STEP.FIELD"),
        ({"total": {"type": "boolean"}}, {}, "is a number, and a boolean is wanted"),
        ({"total": NUMBER}, {"totel": "total.total"}, "answer.totel: unknown; did you mean 'total'?"),
    ],
)  # fmt: skip
def test_an_answer_that_no_step_can_give_is_told(house, output, answer, told):
    (said, *_) = house.declare(flow(GOOD, answer=answer, output=output))

    assert told in said


def test_what_may_be_missing_is_no_answer_and_fits_no_input_that_must_be_there(house):
    missing = {"type": "number", "nullable": True}

    said = house.declare(
        RISK,
        flow(
            {"risk": {"predict": "risk", "inputs": {"value": "count"}}},
            inputs={"count": missing},
            output=RISK["schema"]["output"],
        ),
    )

    assert "count may be missing, and must not be: fill it in before" in said[0]


def test_a_category_is_handed_over_where_all_its_values_are_known(house):
    colour = {"type": "category", "values": ["red", "blue"]}
    service = {
        "service": "paint",
        "algorithm": "rules",
        "schema": {
            "inputs": {"colour": {"type": "category", "values": ["blue", "green", "red"]}},
            "output": {"warm": {"type": "boolean"}},
        },
        "parameters": {
            "rules": [{"when": "colour == 'red'", "then": {"warm": True}}],
            "otherwise": {"warm": False},
        },
    }
    asked = {"output": {"warm": {"type": "boolean"}}, "inputs": {"colour": colour}}
    assert house.declare(service, flow({"paint": {"predict": "paint"}}, **asked)) == []

    told = house.predict({"colour": "red"}, {"colour": "blue"})

    assert [one["warm"] for one in told] == [True, False]
    unknown = {"type": "category", "values": ["red", "pink"]}
    (said, *_) = house.declare(
        flow({"paint": {"predict": "paint"}}, **{**asked, "inputs": {"colour": unknown}})
    )
    assert "may be 'pink', which is no value of the category that is wanted" in said


def test_flows_that_ask_each_other_are_refused(house):
    first = flow(
        {"other": {"predict": "other", "inputs": {"count": "count"}}},
        answer={"total": "other.total"},
    )
    other = {
        **flow({"flow": {"predict": "flow"}}, answer={"total": "flow.total"}),
        "service": "other",
    }

    said = house.declare(first, other)

    assert any("go round in a circle: flow → other → flow" in one for one in said)


def test_inputs_that_are_not_wired_come_from_what_is_called_the_same(house):
    house.declare(RISK)
    house.flow(
        {"slow": {"handle": "slow", "inputs": {"value": "count"}}, "risk": {"predict": "risk", "needs": ["slow"]}},
        output=RISK["schema"]["output"],
    )  # fmt: skip

    assert house.predict({"count": 50})[0]["level"] == "high"
    assert str(house.model().graph.node("risk").wires["value"]) == "slow.value"


def test_the_key_of_a_record_goes_to_services_that_have_one(house):
    keyed = {**RISK, "schema": {**RISK["schema"], "key": "customer"}}
    declared = flow(
        {"risk": {"predict": "risk", "inputs": {"value": "count"}}}, output=RISK["schema"]["output"]
    )
    declared["schema"]["key"] = "customer"
    assert house.declare(keyed, declared) == []

    assert house.predict({"customer": "c-7", "count": 1})[0]["customer"] == "c-7"
    assert str(house.model().graph.node("risk").wires["customer"]) == "customer"
