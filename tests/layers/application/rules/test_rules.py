"""`rules`: the first rule whose condition is true answers, else `otherwise` does."""

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from minerva import InvalidConfiguration
from minerva.algorithm import Explains
from minerva.layers.application.rules import Rules
from minerva.schema import Decoder

CHURN = {
    "rules": [
        {
            "when": "contract == 'Month-to-month' and tenure < 6 and charges > 70",
            "then": {"churn": "Yes"},
        },
        {"when": "charges is missing", "then": {"churn": {"Yes": 0.7, "No": 0.3}}},
        {"when": "charges > 90", "then": {"churn": {"Yes": 1}}},
    ],
    "otherwise": {"churn": "No"},
}
OUTPUTS = {
    "price": {"type": "number", "maximum": 1000},
    "months": {"type": "integer"},
    "risky": {"type": "boolean"},
}


def predict(trained, records, declared_schema):
    return trained.predict(Decoder(declared_schema).records(records))


def test_the_first_rule_that_is_true_answers(bench, declared, schema, record):
    model = bench(Rules(), declared, **CHURN).train()
    records = [
        record(contract="Month-to-month", tenure=3, charges=95.0),
        record(contract="One year", charges=95.0),
        record(),
        record(charges=10.0),
        record(contract="Month-to-month", tenure=6, charges=71.0),
    ]

    churn = predict(model, records, schema)["churn"]

    assert churn.tolist() == [[0, 1], [0, 1], [0.3, 0.7], [1, 0], [1, 0]]


def test_an_earlier_rule_wins(bench, declared, schema, record):
    rules = [
        {"when": "tenure > 3", "then": {"churn": {"Yes": 0.5, "No": 0.5}}},
        {"when": "tenure > 1", "then": {"churn": "Yes"}},
    ]
    model = bench(Rules(), declared, rules=rules, otherwise={"churn": "No"}).train()

    churn = predict(model, [record(tenure=t) for t in (5, 2, 0)], schema)["churn"]

    assert churn[:, 1].tolist() == [0.5, 1, 0]


def test_without_rules_otherwise_answers_all(bench, declared, schema, record):
    model = bench(Rules(), declared, otherwise={"churn": "Yes"}).train()

    assert predict(model, [record()], schema)["churn"].tolist() == [[0, 1]]


def test_numbers_and_booleans_may_be_expressions(bench, declared, record):
    declared = {**declared, "output": OUTPUTS}
    rules = bench(
        Rules(),
        declared,
        rules=[
            {
                "when": "tenure > 3",
                "then": {"price": "tenure * 1.5", "months": 2, "risky": "charges > 50"},
            },
            {"when": "tenure > 2", "then": {"price": 7, "months": "tenure", "risky": 0.25}},
        ],
        otherwise={"price": "default(charges, 9)", "months": 0, "risky": False},
    )
    records = [record(tenure=4, charges=60.0), record(tenure=4), record(tenure=3), record(tenure=0)]

    outputs = predict(rules.train(), records, rules.schema)

    assert outputs["price"].tolist() == [6, 6, 7, 9]
    assert outputs["months"].tolist() == [2, 2, 3, 0]
    assert outputs["risky"].tolist() == [1, 0, 0.25, 0]


def test_a_rule_whose_answer_is_missing_leaves_the_record_to_the_next(bench, declared, record):
    declared = {**declared, "output": {"price": OUTPUTS["price"], "months": OUTPUTS["months"]}}
    rules = bench(
        Rules(),
        declared,
        rules=[
            {"when": "true", "then": {"price": "charges * 2", "months": "charges / tenure"}},
            {"when": "true", "then": {"price": "tenure", "months": 1}},
        ],
        otherwise={"price": -1, "months": -1},
    )
    records = [record(charges=6.0, tenure=3), record(tenure=3), record(charges=6.0, tenure=0)]

    outputs = predict(rules.train(), records, rules.schema)

    assert outputs["price"].tolist() == [12, 3, 0]
    assert outputs["months"].tolist() == [2, 1, 1]  # both outputs from one rule, never mixed


def test_no_records_get_no_answers(bench, declared, schema):
    model = bench(Rules(), declared, **CHURN).train()

    assert predict(model, [], schema)["churn"].shape == (0, 2)


def test_a_record_gets_the_same_answer_whatever_the_batch(bench, declared, schema, record):
    model = bench(Rules(), declared, **CHURN).train()
    random = np.random.default_rng(0)
    records = [
        record(
            tenure=int(random.integers(9)),
            charges=float(random.normal(70, 30)) if random.random() < 0.9 else None,
            contract="Month-to-month",
        )
        for _ in range(100)
    ]

    together = predict(model, records, schema)["churn"]

    alone = [predict(model, [one], schema)["churn"][0].tolist() for one in records]
    assert together.tolist() == alone
    assert len(set(map(tuple, alone))) == 3


def test_eight_threads_at_once_get_what_one_gets(bench, declared, schema, record):
    model = bench(Rules(), declared, **CHURN).train()
    records = [record(tenure=t % 9, charges=t * 3.0) for t in range(40)]
    expected = predict(model, records, schema)["churn"].tolist()

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: predict(model, records, schema)["churn"].tolist(), range(64))
        )

    assert answers == [expected] * 64


def test_a_fresh_process_answers_the_same(bench, declared, schema, record, tmp_path):
    rules = bench(Rules(), declared, **CHURN)
    rules.train().save(tmp_path)
    records = [record(charges=95.0), record(), record(charges=1.0)]

    told = rules.ask_fresh_process(tmp_path, records)

    assert told["answer"]["churn"] == [[0, 1], [0.3, 0.7], [1, 0]]
    assert told["heavy"] == []


def test_rules_are_saved_as_the_user_wrote_them(bench, declared, tmp_path):
    bench(Rules(), declared, **CHURN).train().save(tmp_path)

    assert json.loads((tmp_path / "rules.json").read_text()) == CHURN


def test_rules_do_not_explain_themselves(bench, declared):
    assert not isinstance(bench(Rules(), declared, **CHURN).train(), Explains)


def test_every_fault_is_told_with_its_place(bench, declared):
    rules = bench(
        Rules(),
        {**declared, "output": {**declared["output"], **OUTPUTS}},
        rules=[
            {
                "when": "tenur < 3",
                "then": {"churn": "Yess", "price": "charges *", "months": 1.5, "risky": "tenure"},
            },
            {
                "when": "true",
                "then": {"churn": {"Yes": 0.5}, "price": 1001, "moths": 1, "risky": 3},
            },
        ],
        otherwise={"churn": "No", "price": "charges", "months": 0, "risky": "senior"},
    )

    with pytest.raises(InvalidConfiguration) as caught:
        rules.train()

    assert [(f.where, f.message.split("\n")[0]) for f in caught.value.faults] == [
        ("/parameters/rules/0/when", "column 1: unknown field 'tenur'; did you mean 'tenure'?"),
        ("/parameters/rules/0/then/churn", "'Yess' is not one of 'No', 'Yes'; did you mean 'Yes'?"),
        ("/parameters/rules/0/then/price", "column 10: expected a value, found the end"),
        ("/parameters/rules/0/then/months", "expected a whole number"),
        ("/parameters/rules/0/then/risky", "column 1: expected a condition, found a number"),
        ("/parameters/rules/1/then", "output 'months' has no answer"),
        ("/parameters/rules/1/then/moths", "not an output; did you mean 'months'?"),
        ("/parameters/rules/1/then/churn", "probabilities sum to 0.5, not to 1"),
        ("/parameters/rules/1/then/price", "is above the output's maximum of 1000"),
        ("/parameters/rules/1/then/risky", "expected true, false or the probability of true"),
        (
            "/parameters/otherwise/price",
            "column 1: this may be missing; write default(…, a number)",
        ),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": []},
        {"otherwise": {"churn": "No"}, "rules": [{"when": "true"}]},
        {"otherwise": {"churn": "No"}, "rules": [{"when": 1, "then": {"churn": "No"}}]},
        {"otherwise": {"churn": "No"}, "rules": [{"if": "true", "then": {"churn": "No"}}]},
        {"otherwise": {"churn": ["No"]}},
        {"otherwise": {"churn": "No"}, "rules": [{"when": "true", "then": {}}] * 1_001},
    ],
)
def test_parameters_of_another_shape_are_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Rules.Parameters)
