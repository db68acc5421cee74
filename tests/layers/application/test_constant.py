"""`constant` answers what was declared, and refuses what the schema does not allow."""

import msgspec
import numpy as np
import pytest

from minerva import InvalidConfiguration, Schema
from minerva.layers.application.constant import Constant
from minerva.schema import Decoder

INPUTS = {"x": {"type": "number", "nullable": True}}
OUTPUT = {
    "churn": {"type": "category", "values": ["No", "Yes"]},
    "months": {"type": "integer", "minimum": 0, "maximum": 72},
    "price": {"type": "number"},
    "risky": {"type": "boolean"},
}
DECLARED = {"inputs": INPUTS, "output": OUTPUT}
ANSWER = {"churn": "Yes", "months": 3, "price": 1.5, "risky": True}


def batch(rows):
    return Decoder(Schema.parse(DECLARED)).records([{"x": None}] * rows)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_answers_the_declared_value_for_every_record(bench, rows):
    model = bench(Constant(), DECLARED, output=ANSWER).train()

    outputs = model.predict(batch(rows))

    assert outputs["churn"].tolist() == [[0.0, 1.0]] * rows
    assert outputs["churn"].shape == (rows, 2)
    assert outputs["months"].tolist() == [3.0] * rows
    assert outputs["price"].tolist() == [1.5] * rows
    assert outputs["risky"].tolist() == [1.0] * rows


def test_a_category_may_be_answered_with_probabilities(bench):
    model = bench(Constant(), DECLARED, output={**ANSWER, "churn": {"Yes": 0.25, "No": 0.75}})

    assert model.train().predict(batch(1))["churn"].tolist() == [[0.75, 0.25]]


def test_a_boolean_may_be_answered_with_the_probability_of_true(bench):
    model = bench(Constant(), DECLARED, output={**ANSWER, "risky": 0.25}).train()

    assert model.predict(batch(1))["risky"].tolist() == [0.25]


def test_a_fresh_process_answers_the_same(bench, tmp_path):
    constant = bench(Constant(), DECLARED, output=ANSWER)
    constant.train().save(tmp_path)

    told = constant.ask_fresh_process(tmp_path, [{"x": 1.0}])

    assert told["answer"] == {
        "churn": [[0.0, 1.0]],
        "months": [3.0],
        "price": [1.5],
        "risky": [1.0],
    }


def test_an_answer_changed_by_the_caller_changes_no_other(bench):
    model = bench(Constant(), DECLARED, output=ANSWER).train()

    model.predict(batch(2))["price"][0] = 99

    assert model.predict(batch(2))["price"].tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        ({"churn": "Maybe"}, "churn", "'Maybe' is not one of 'No', 'Yes'"),
        ({"churn": "yes"}, "churn", "did you mean 'Yes'?"),
        ({"churn": True}, "churn", "quote Yes, No, On and Off"),
        ({"churn": {"Yes": 0.5, "No": 0.6}}, "churn", "probabilities sum to 1.1, not to 1"),
        ({"churn": {}}, "churn", "probabilities sum to 0, not to 1"),
        ({"months": 1.5}, "months", "expected a whole number"),
        ({"months": 73}, "months", "above the output's maximum of 72"),
        ({"months": -1}, "months", "below the output's minimum of 0"),
        ({"months": {"1": 1.0}}, "months", "only a category takes a probability"),
        ({"price": "dear"}, "price", "expected a number"),
        ({"price": True}, "price", "expected a number"),
        ({"price": float("nan")}, "price", "expected a number"),
        ({"price": float("inf")}, "price", "expected a number"),
        ({"price": 10**400}, "price", "expected a number"),
        ({"risky": "yes"}, "risky", "expected true, false or the probability"),
        ({"risky": 2}, "risky", "expected true, false or the probability"),
    ],
)
def test_refuses_an_answer_that_the_output_cannot_have(bench, change, where, message):
    constant = bench(Constant(), DECLARED, output={**ANSWER, **change})

    with pytest.raises(InvalidConfiguration) as caught:
        constant.train()

    (fault,) = caught.value.faults
    assert fault.where == f"/parameters/output/{where}"
    assert message in fault.message


def test_names_every_output_without_answer_and_every_answer_without_output(bench):
    answer = {**ANSWER, "prize": 1.0}
    del answer["price"]

    with pytest.raises(InvalidConfiguration) as caught:
        bench(Constant(), DECLARED, output=answer).train()

    assert [str(fault) for fault in caught.value.faults] == [
        "/parameters/output: output 'price' has no answer",
        "/parameters/output/prize: not an output; did you mean 'price'?",
    ]


def test_a_category_of_numbers_is_answered_by_its_value(bench):
    declared = {
        "inputs": INPUTS,
        "output": {"floor": {"type": "category", "values": [1, 2, 2.5]}},
    }

    def answered(value):
        model = bench(Constant(), declared, output={"floor": value}).train()
        return np.argmax(model.predict(batch(1))["floor"])

    assert [answered(2), answered(1), answered(2.5), answered({"2": 1.0})] == [1, 0, 2, 1]


def test_probabilities_outside_0_to_1_are_refused_by_the_parameters():
    with pytest.raises(msgspec.ValidationError, match="<= 1"):
        msgspec.convert({"output": {"churn": {"Yes": 1.5}}}, Constant.Parameters)
